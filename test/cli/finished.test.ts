import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { scanImages } from '../../src/data/folder.js';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { openPixels } from '../../src/data/pixels.js';
import type { FinishedModel } from '../../src/export/model.js';
import { LoadedSavedModel } from '../../src/export/savedmodel.js';
import { readNpy } from '../../src/vectors/npy.js';
import { plain, put, putTree } from '../data/images.js';
import { readJson, readLines, setting, sharedFolder, TINY } from '../run/runs.js';
import { ft } from './terminal.js';

/** Where true, what is exported is not the run's model: one weight of the last convolution is another. */
const tampered = vi.hoisted(() => ({ on: false }));
vi.mock('../../src/export/savedmodel.js', async (original) => {
  const real = await original<typeof import('../../src/export/savedmodel.js')>();
  const changed = (model: FinishedModel): FinishedModel => {
    const name = 'conv3_1_c/kernel';
    const kernel = Float32Array.from(model.weights[name] ?? []);
    kernel[0] = 100;
    return { ...model, weights: { ...model.weights, [name]: kernel } };
  };
  return {
    ...real,
    writeSavedModel: (model: FinishedModel, ...rest: [string, object]) =>
      real.writeSavedModel(tampered.on ? changed(model) : model, ...rest),
  };
});

const folder = sharedFolder();
let run: string;
const ftHere = (...argv: string[]) => ft(argv, { folder });
const file = (...parts: string[]) => join(folder, ...parts);
const METRICS = ['recall_at_1', 'recall_at_5', 'recall_at_10', 'map_at_r', 'r_precision'];

beforeAll(async () => {
  const { code, err } = await ftHere('train', 'smoke', ...setting(...TINY));
  if (code !== 0) throw new Error(err);
  run = file('runs', readlinkSync(file('runs/latest')));
  await putTree(file('photos'), ['ant', 'bee', 'cow'], 3);
  await put(file('photos'), 'loose.png', await plain('#0a0').png().toBuffer());
  await putTree(file('others'), ['x', 'y', 'z'], 4);
});

describe('ft evaluate', () => {
  it("gives the scores of the run's exported row again", async () => {
    const { code, out } = await ftHere('evaluate', 'runs/latest', '--json');
    expect(code).toBe(0);
    const { exported, ...rows } = readJson(run, 'scores.json');
    const found = JSON.parse(out);
    expect(found).toMatchObject({ classes: 6, images: 24, dimensions: rows[exported].dimensions });
    for (const metric of METRICS) expect(found.scores[metric]).toBeCloseTo(rows[exported][metric], 6);
    expect(found.intervals.recall_at_1.low).toBeCloseTo(rows[exported].intervals.recall_at_1.low, 6);
  });

  it('finds a run by the name of its folder, and shows a table', async () => {
    const { code, out, err } = await ftHere('evaluate', run.split('/').at(-1) as string);
    expect([code, err]).toEqual([0, 'emoji: 48 images in 12 classes\n']);
    expect(out).toMatch(/^6 classes, 24 images, 8-D embeddings\n\n +score +95 % interval\n/);
    expect(out).toMatch(/\nRecall@1 +\d\.\d{3} +\d\.\d{3} – \d\.\d{3}\n/);
  });

  it('scores every class of another folder', async () => {
    const { code, out } = await ftHere('evaluate', 'runs/latest', '--data', 'others', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ classes: 3, images: 12, scores: { queries: 12 } });
  });

  it('of something that is no run says what was expected', async () => {
    for (const argument of ['photos', 'photos/loose.png', 'runs/nothing']) {
      const { code, err } = await ftHere('evaluate', argument);
      expect(code).toBe(2);
      expect(err).toBe(
        `'${argument}' is no run\n  expected: a folder with a manifest.json, e.g. runs/latest\n  do this:  ls runs\n`,
      );
    }
  });
});

describe('ft embed', () => {
  it('writes unit vectors in the order of the names, with the names beside them', async () => {
    const { code, out, err } = await ftHere('embed', 'runs/latest', 'photos', '--out', 'out/vectors.npy');
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe('10 vectors of 8 numbers: out/vectors.npy, out/vectors.names.jsonl\n');
    const { rows, columns, values } = await readNpy(file('out/vectors.npy'));
    expect([rows, columns]).toEqual([10, 8]);
    for (let row = 0; row < rows; row++) {
      const length = values.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value * value, 0);
      expect(length).toBeCloseTo(1, 5);
    }
    const names = readLines(file('out/vectors.names.jsonl'));
    expect(names.map((line) => [line.file, line.class])).toEqual([
      ...['ant', 'bee', 'cow'].flatMap((name) => [0, 1, 2].map((i) => [`${name}/${i}.png`, name])),
      ['loose.png', null],
    ]);
  });

  it('writes the same vectors as lines of JSON', async () => {
    const { code, out } = await ftHere('embed', 'runs/latest', 'photos', '--out', 'out/vectors.jsonl');
    expect([code, out]).toEqual([0, '10 vectors of 8 numbers: out/vectors.jsonl\n']);
    const { values } = await readNpy(file('out/vectors.npy'));
    const lines = readLines(file('out/vectors.jsonl'));
    expect(lines[9]).toMatchObject({ file: 'loose.png', class: null });
    expect(lines.flatMap((line) => line.vector).map(Math.fround)).toEqual([...values]);
  });

  it('computes in bfloat16 where asked to: nearly the same vectors', async () => {
    const exact = (await readNpy(file('out/vectors.npy'))).values;
    expect((await ftHere('embed', 'runs/latest', 'photos', '--out', 'half.npy', '--precision', 'bf16')).err).toBe('');
    const vectors = (await readNpy(file('half.npy'))).values;
    expect(vectors).not.toEqual(exact);
    for (let row = 0; row < 10; row++) {
      const cosine = exact
        .subarray(row * 8, row * 8 + 8)
        .reduce((sum, value, at) => sum + value * (vectors[row * 8 + at] as number), 0);
      expect(cosine).toBeGreaterThan(0.998);
    }
    const { code, err } = await ftHere('embed', 'runs/latest', 'photos', '--out', 'half.npy', '--precision', 'fp16');
    expect(code).toBe(2);
    expect(err).toContain("unknown --precision 'fp16'\n  expected: fp32, bf16, auto\n");
  });

  it('names an image that cannot be read, leaves it out and goes on; with --strict it stops', async () => {
    await putTree(file('flawed'), ['ant', 'bee'], 2);
    await put(file('flawed'), 'bee/broken.jpg', 'no image');
    await put(file('flawed'), 'ant/empty.png', '');
    const lax = await ftHere('embed', 'runs/latest', 'flawed', '--out', 'lax.npy');
    expect(lax.code).toBe(0);
    expect(lax.err).toBe(
      'left out: ant/empty.png: the file is empty\nleft out: bee/broken.jpg: not an image, or of a kind that cannot be decoded here\n',
    );
    expect(lax.out).toBe('4 vectors of 8 numbers: lax.npy, lax.names.jsonl; 2 files left out\n');
    const strict = await ftHere('embed', 'runs/latest', 'flawed', '--out', 'strict.npy', '--strict');
    expect(strict.code).toBe(2);
    expect(strict.err).toContain('bee/broken.jpg: cannot be used: not an image');
    expect(strict.err).toContain('2 images cannot be used, and --strict stops at them; nothing was written\n');
    expect(strict.err).toContain('leave --strict away');
    expect(existsSync(file('strict.npy'))).toBe(false);
  });

  it('refuses another ending, and lists those that it writes', async () => {
    const { code, err } = await ftHere('embed', 'runs/latest', 'photos', '--out', 'vectors.np');
    expect(code).toBe(2);
    expect(err).toBe(
      "vectors.np: unknown ending of --out '.np'\n  expected: .npy, .jsonl, .csv, .parquet\n  do this:  did you mean '.npy'?\n",
    );
  });
});

describe('ft export', () => {
  it('writes a model that takes any number of images and gives the embeddings of the run', async () => {
    const { code, out } = await ftHere('export', 'runs/latest', '--out', 'model');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^model: a SavedModel; its embeddings of 24 images are the run's own \(cosine ≥ (0\.9999|1\.0000)\d\d\)\n$/,
    );
    const { values, columns } = await readNpy(file('out/vectors.npy'));
    const decoded = await cachePixels(await scanImages(file('photos')), { side: 32, classes: false });
    const store = openPixels(decoded.storePath);
    const model = new LoadedSavedModel(file('model'));
    for (const batch of [1, 7, 10]) {
      const pixels = new Uint8Array(batch * 32 * 32 * 3);
      for (let i = 0; i < batch; i++) store.read(i, pixels.subarray(i * 3072, (i + 1) * 3072));
      const found = model.run(pixels, [32, 32]);
      expect(found).toHaveLength(batch * columns);
      for (let i = 0; i < batch; i++) {
        let cosine = 0;
        for (let j = i * columns; j < (i + 1) * columns; j++) cosine += (found[j] as number) * (values[j] as number);
        expect(cosine).toBeGreaterThanOrEqual(0.9999);
        expect(cosine).toBeLessThan(1.00001);
      }
    }
    model.close();
    store.close();
  });

  it('leaves what lies there alone without --force, and replaces it with it', async () => {
    mkdirSync(file('mine'));
    writeFileSync(file('mine/notes.txt'), 'dear');
    const { code, err } = await ftHere('export', '--out', 'mine');
    expect(code).toBe(2);
    expect(err).toBe('mine: something lies there already\n  do this:  name another folder, or add --force to replace it\n');
    expect(readFileSync(file('mine/notes.txt'), 'utf8')).toBe('dear');
    expect((await ftHere('export', '--out', 'mine', '--force')).code).toBe(0);
    expect(readdirSync(file('mine')).sort()).toEqual(['README.md', 'card.json', 'saved_model.pb', 'variables']);
  });

  it('ends with exit code 1 and leaves nothing behind where the exported model gives other embeddings', async () => {
    const before = readdirSync(folder);
    tampered.on = true;
    const { code, out, err } = await ftHere('export', '--out', 'other-model').finally(() => {
      tampered.on = false;
    });
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain("the exported model does not give the run's embeddings: smallest cosine");
    expect(readdirSync(folder)).toEqual(before);
  });

  it('keeps the earlier export of the run where the new one gives other embeddings', async () => {
    const model = join(run, 'export/savedmodel/saved_model.pb');
    const before = readFileSync(model);
    tampered.on = true;
    const { code } = await ftHere('export').finally(() => {
      tampered.on = false;
    });
    expect(code).toBe(1);
    expect(readFileSync(model).equals(before)).toBe(true);
    expect(readdirSync(join(run, 'export'))).toEqual(['savedmodel']);
  });

  it('of a misspelt form lists the forms', async () => {
    const { code, err } = await ftHere('export', '--format', 'savedmodl');
    expect(code).toBe(2);
    expect(err).toContain('savedmodel');
  });
});

describe('ft train --resume', () => {
  it('of a finished run says so, shows its result again and leaves its scores as they are', async () => {
    const before = readFileSync(join(run, 'scores.json'), 'utf8');
    const { finished } = readJson(run, 'manifest.json');
    const { code, out, err } = await ftHere('train', '--resume', 'runs/latest');
    expect(code).toBe(0);
    expect(err).toContain('this run has come to its end already; its result once more:\n');
    expect(out).toContain('Retrieval of 6 classes never seen in training');
    expect(readFileSync(join(run, 'scores.json'), 'utf8')).toBe(before);
    expect(readJson(run, 'manifest.json').finished).toBe(finished);
  });

  it('refuses a recipe beside it', async () => {
    for (const more of [['smoke'], ['--set', 'seed=3'], ['--data', 'photos']]) {
      const { code, err } = await ftHere('train', '--resume', 'runs/latest', ...more);
      expect(code).toBe(2);
      expect(err).toContain('a run goes on with the recipe it was started with');
      expect(err).toContain('do this:  ft train --resume runs/latest');
    }
  });

  it('of something that is no run says so', async () => {
    const { code, err } = await ftHere('train', '--resume', 'photos');
    expect(code).toBe(2);
    expect(err).toContain("'photos' is no run");
  });
});
