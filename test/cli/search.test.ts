import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readVectors } from '../../src/vectors/formats.js';
import { readNpy } from '../../src/vectors/npy.js';
import { putTree } from '../data/images.js';
import { readJson, readLines, setting, sharedFolder, TINY } from '../run/runs.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
const ftHere = (...argv: string[]) => ft(argv, { folder });
const file = (...parts: string[]) => join(folder, ...parts);
let cosine: (a: string, b: string) => number;

beforeAll(async () => {
  const { code, err } = await ftHere('train', 'smoke', ...setting(...TINY));
  if (code !== 0) throw new Error(err);
  await putTree(file('photos'), ['ant', 'bee', 'cow'], 3);
  const embedded = await ftHere('embed', 'runs/latest', 'photos', '--out', 'v.parquet');
  if (embedded.code !== 0) throw new Error(embedded.err);
  const { files, values, dimensions } = await readVectors(file('v.parquet'));
  cosine = (a, b) => {
    const [x, y] = [files.indexOf(a) * dimensions, files.indexOf(b) * dimensions];
    let sum = 0;
    for (let i = 0; i < dimensions; i++) sum += (values[x + i] as number) * (values[y + i] as number);
    return sum;
  };
});

describe('ft search', () => {
  it('finds by cosine what is most alike, leaves the query itself out, and remembers the vectors of the folder', async () => {
    const first = await ftHere('search', 'photos/ant/0.png', '--in', 'photos', '--top', '20', '--json');
    const { queries, gallery } = JSON.parse(first.out);
    expect(gallery).toEqual({ images: 9, dimensions: 8 });
    expect(queries[0].itself).toBe('ant/0.png');
    const found = queries[0].answers as { file: string; class: string; similarity: number }[];
    expect(found).toHaveLength(8);
    for (const { file: name, class: label, similarity } of found) {
      expect(similarity).toBeCloseTo(cosine('ant/0.png', name), 5);
      expect(name.startsWith(`${label}/`)).toBe(true);
    }
    expect(found.map(({ similarity }) => similarity)).toEqual(found.map(({ similarity }) => similarity).sort((a, b) => b - a));
    const again = await ftHere('search', 'photos/ant/0.png', '--in', 'photos', '--top', '20', '--json');
    expect(again.err).toContain('9 images, embedded earlier');
    expect(again.out).toBe(first.out);
  });

  it('knows the query behind a link, keeps it with --self, and says nothing of thresholds with --far none', async () => {
    symlinkSync(file('photos/bee/1.png'), file('link.png'));
    const { out } = await ftHere('search', 'link.png', '--in', 'photos', '--top', '1', '--far', 'none');
    expect(out).toContain('link.png (is bee/1.png itself, which is left out; --self keeps it)');
    expect(out).not.toContain('same');
    const kept = await ftHere('search', 'link.png', '--in', 'photos', '--top', '1', '--far', 'none', '--self');
    expect(kept.out).toMatch(/\n1 +1\.000 +bee +bee\/1\.png\n/);
  });

  it('says for each answer whether it is the same, at a threshold that its own held-out images give', async () => {
    const { out } = await ftHere('search', 'photos/ant/0.png', '--in', 'v.parquet', '--top', '9', '--far', '0.2', '--json');
    const { threshold, queries } = JSON.parse(out);
    const run = file('runs/latest');
    const { exported } = readJson(run, 'scores.json');
    const { values, columns, rows } = await readNpy(join(run, 'evaluation', `${exported}.npy`));
    const classes = readLines(run, 'evaluation/held-out.jsonl').map((line) => line.class as string);
    // The definition: the share of pairs of two classes at or above the threshold is at most what was asked for, and one step lower it is more.
    const unlike: number[] = [];
    for (let a = 0; a < rows; a++)
      for (let b = a + 1; b < rows; b++) {
        if (classes[a] === classes[b]) continue;
        let [dot, x, y] = [0, 0, 0];
        for (let i = 0; i < columns; i++) {
          const [p, q] = [values[a * columns + i] as number, values[b * columns + i] as number];
          dot += p * q;
          x += p * p;
          y += q * q;
        }
        unlike.push(dot / Math.sqrt(x * y));
      }
    const share = (at: number) => unlike.filter((score) => score >= at - 1e-6).length / unlike.length;
    expect(share(threshold.threshold)).toBeLessThanOrEqual(0.2 + 1 / unlike.length);
    expect(threshold.far).toBeCloseTo(share(threshold.threshold), 2);
    expect(threshold).toMatchObject({ asked: 0.2, images: rows, classes: new Set(classes).size });
    for (const { similarity, verdict } of queries[0].answers) {
      const { low, high } = threshold.interval.threshold;
      expect(verdict).toBe(similarity > high ? 'same' : similarity < low ? 'not the same' : 'near the threshold');
    }
  });

  it('writes a page with the pictures that asks for nothing', async () => {
    const { code } = await ftHere('search', 'photos/ant/0.png', '--in', 'photos', '--html', 'page.html');
    expect(code).toBe(0);
    const page = readFileSync(file('page.html'), 'utf8');
    expect(page.match(/<img src="data:image/g)).toHaveLength(6);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
  });

  it('refuses images, galleries and vectors that it cannot use, all with exit code 2', async () => {
    writeFileSync(file('words.jpg'), 'no picture');
    const bad = await ftHere('search', 'words.jpg', 'missing.jpg', '--in', 'photos');
    expect(bad.code).toBe(2);
    expect(bad.err).toContain('words.jpg: cannot be used');
    expect(bad.err).toContain('missing.jpg: the image does not exist');
    expect((await ftHere('search', 'photos/ant/0.png', '--in', 'nowhere')).err).toContain('nowhere');
    const other = JSON.stringify({ file: 'a', class: null, vector: [1, 0, 0] });
    writeFileSync(file('short.jsonl'), `${other}\n`);
    const short = await ftHere('search', 'photos/ant/0.png', '--in', 'short.jsonl');
    expect([short.code, short.err]).toEqual([2, expect.stringContaining('expected: 8 numbers a vector\n  found:    3')]);
    cpSync(file('runs/latest'), file('twin'), { recursive: true, dereference: true });
    const weights = readFileSync(file('twin/model.safetensors'));
    weights[weights.length - 1] = (weights[weights.length - 1] as number) ^ 1;
    writeFileSync(file('twin/model.safetensors'), weights);
    const alien = await ftHere('search', 'photos/ant/0.png', '--in', 'v.parquet', '--run', 'twin');
    expect([alien.code, alien.err]).toEqual([2, expect.stringContaining("the vectors are not of this run's model")]);
    expect((await ftHere('search', 'photos/ant/0.png', '--in', 'photos', '--top', '0')).code).toBe(2);
    expect((await ftHere('search', 'photos/ant/0.png', '--in', 'photos', '--far', '2')).code).toBe(2);
  });
});

describe('ft verify', () => {
  it('says whether two images are the same, and with --exit-code tells a script', async () => {
    const { code, out } = await ftHere('verify', 'photos/ant/0.png', 'photos/cow/0.png', '--json', '--far', '0.2');
    expect(code).toBe(0);
    const { similarity, same, threshold } = JSON.parse(out);
    expect(similarity).toBeCloseTo(cosine('ant/0.png', 'cow/0.png'), 5);
    expect(same).toBe(similarity >= threshold.threshold);
    const itself = await ftHere('verify', 'photos/ant/0.png', 'photos/ant/0.png', '--exit-code');
    expect(itself.code).toBe(0);
    expect(itself.out).toContain('cosine 1.000');
    const told = await ftHere('verify', 'photos/ant/0.png', 'photos/cow/0.png', '--far', '0.2', '--exit-code');
    expect(told.code).toBe(same ? 0 : 3);
    expect(existsSync(file('runs/latest/report.html'))).toBe(false);
  });

  it('of a run without held-out embeddings says what is missing', async () => {
    cpSync(file('runs/latest'), file('old'), {
      recursive: true,
      dereference: true,
      filter: (path) => !path.endsWith('held-out.jsonl'),
    });
    const { code, err } = await ftHere('verify', 'photos/ant/0.png', 'photos/cow/0.png', '--run', 'old');
    expect([code, err]).toEqual([2, expect.stringContaining('held-out.jsonl')]);
  });
});

describe('ft find-lr', () => {
  it('sweeps all layers together and each stage alone, and keeps nothing', async () => {
    const { code, out } = await ftHere(
      'find-lr',
      'smoke',
      ...setting(...TINY),
      '--steps',
      '20',
      '--from',
      '1e-4',
      '--to',
      '100',
      '--json',
      '--html',
      'rates.html',
    );
    expect(code).toBe(0);
    const { groups, phase } = JSON.parse(out);
    expect(phase).toBe('classification');
    expect(groups.map(({ group }: { group: string }) => group)).toEqual(['all', 'conv3', 'head']);
    const [all, stage, head] = groups;
    expect(all.parameters).toBe(stage.parameters + head.parameters);
    // The first loss is seen before any update: the same weights and the same batch in each sweep.
    expect(stage.curve.losses[0]).toBe(all.curve.losses[0]);
    expect(head.curve.losses[0]).toBe(all.curve.losses[0]);
    expect(all.curve.losses[1]).not.toBe(head.curve.losses[1]);
    expect(all.curve.rates[0]).toBe(1e-4);
    expect(readFileSync(file('rates.html'), 'utf8')).toContain('<svg');
  });

  it('refuses a phase that the recipe has not, and rates in the wrong order', async () => {
    const gone = await ftHere('find-lr', 'classifier', '--phase', 'triplet');
    expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('the recipe has no triplet phase')]);
    const turned = await ftHere('find-lr', 'smoke', '--from', '1', '--to', '0.1');
    expect([turned.code, turned.err]).toEqual([2, expect.stringContaining('the lowest rate is not below the highest')]);
  });
});
