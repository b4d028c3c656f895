import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { plain, put, putTree } from '../data/images.js';
import { setting, sharedFolder, TINY } from '../run/runs.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
const file = (...parts: string[]) => join(folder, ...parts);
const evaluate = (...argv: string[]) => ft(['evaluate', 'runs/latest', ...argv], { folder });
const json = async (...argv: string[]) => {
  const { code, out, err } = await evaluate(...argv, '--json');
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
};

beforeAll(async () => {
  const { code, err } = await ft(['train', 'smoke', ...setting(...TINY)], { folder });
  if (code !== 0) throw new Error(err);
  // Three classes of one colour each; a white bar that grows tells their images apart.
  for (const [name, hue] of [['x', '#d02020'], ['y', '#20d020'], ['z', '#2020d0']] as const) // biome-ignore format: a table
    for (let i = 1; i <= 4; i++)
      await put(
        file('photos'),
        `${name}/${name}_000${i}.png`,
        await plain(hue, 16 + 4 * i, 20)
          .extend({ left: i, background: '#fff' })
          .png()
          .toBuffer(),
      );
  await putTree(file('others'), ['a', 'b'], 3);
});

describe('ft evaluate --verification --clusters --cmc', () => {
  it('adds the curve, the clustering and the ranks to the scores', async () => {
    const found = await json('--data', 'photos', '--verification', '--clusters', '--cmc');
    expect(found).toMatchObject({
      classes: 3,
      images: 12,
      scores: { queries: 12, mrr: found.cmc[0] === 1 ? 1 : expect.any(Number) },
    });
    const { verification, clusters, cmc } = found;
    expect(verification.pairs).toEqual({ same: 18, different: 48 });
    expect(verification.sampled).toBe(false);
    expect(verification.roc.fpr[0]).toBe(0);
    expect(verification.roc.tpr.at(-1)).toBe(1);
    expect(verification.tarAtFar.map(({ asked, resolved }: { asked: number; resolved: boolean }) => [asked, resolved])).toEqual([
      [0.1, true],
      [0.01, false],
      [0.001, false],
    ]);
    expect(clusters.clusters).toBe(3);
    expect(clusters.nmi).toBeGreaterThan(clusters.ami - 1e-9);
    expect(cmc.length).toBe(11);
    expect(cmc[0]).toBeCloseTo(found.scores.recall_at_1, 12);
    expect(cmc[9]).toBeCloseTo(found.scores.recall_at_10, 12);
  });

  it('shows them as tables, and marks the rates that so few pairs cannot tell from 0', async () => {
    const { code, out } = await evaluate('--data', 'photos', '--verification', '--clusters', '--cmc');
    expect(code).toBe(0);
    expect(out).toMatch(/\nMRR +\d\.\d{3} /);
    expect(out).toMatch(/\nCMC +rank 1 +rank 5 +rank 10\n/);
    expect(out).toMatch(/\nk-means with 3 clusters against the classes: NMI \d\.\d{3}, AMI -?\d\.\d{3}\n/);
    expect(out).toContain('18 pairs of one class, 48 of two (bootstrap over classes)');
    expect(out).toMatch(/\nAUC +\d\.\d{3} +\d\.\d{3} – \d\.\d{3}\n/);
    expect(out).toMatch(/\nTAR@FAR 0\.001 \* .*\n\n\* too few pairs of two classes to tell this rate from 0\n$/);
  });
});

describe('ft evaluate --exclude-group', () => {
  it('leaves out what is of the class and the group, by a table', async () => {
    const rows = ['x', 'y', 'z'].flatMap((name) =>
      [1, 2, 3, 4].map((i) => `${name}/${name}_000${i}.png,${name},${name}${i < 4 ? 1 : 2}`),
    );
    writeFileSync(file('photos.csv'), `file,class,group\n${rows.map((row) => `photos/${row}`).join('\n')}\n`);
    const plain = await json('--data', 'photos.csv');
    const apart = await json('--data', 'photos.csv', '--exclude-group', '--verification');
    expect([plain.scores.queries, apart.scores.queries]).toEqual([12, 12]);
    // Within a class only the pairs with the fourth image are left.
    expect(apart.verification.pairs).toEqual({ same: 9, different: 48 });
  });

  it('refuses images without groups', async () => {
    const { code, err } = await evaluate('--data', 'photos', '--exclude-group');
    expect(code).toBe(2);
    expect(err).toContain('--exclude-group: these images have no groups that could be left out');
  });
});

describe('ft evaluate --pairs', () => {
  const lines = (fold: number) => [
    ...['x', 'y', 'z'].map((name) => `${name}\t${fold}\t${fold + 2}`),
    ...[['x', 'y'], ['y', 'z'], ['z', 'x']].map(([a, b]) => `${a}\t${fold}\t${b}\t${fold + 1}`), // biome-ignore format: a table
  ];

  it("scores LFW's pairs.txt over its folds", async () => {
    writeFileSync(file('pairs.txt'), `2\t3\n${[...lines(1), ...lines(2)].join('\n')}\n`);
    const { pairs, images, folds, verification } = await json('--data', 'photos', '--pairs', 'pairs.txt');
    expect([pairs, images, folds.folds]).toEqual([{ same: 6, different: 6 }, 12, 2]);
    expect(folds.perFold.length).toBe(2);
    expect(folds.accuracy).toBeCloseTo((folds.perFold[0].accuracy + folds.perFold[1].accuracy) / 2, 12);
    expect(verification.pairs).toEqual(pairs);
    const { out } = await evaluate('--data', 'photos', '--pairs', 'pairs.txt');
    expect(out).toMatch(
      /^6 pairs of one class and 6 of two, 12 images, 8-D embeddings\n\naccuracy \d\.\d{4} ± \d\.\d{4} \(mean and/,
    );
  });

  it('scores a CSV of pairs of the same images the same way', async () => {
    const rows = lines(1).map((line) => line.split('\t')).map((f) => f.length === 3 ? `${f[0]}/${f[0]}_000${f[1]}.png,${f[0]}/${f[0]}_000${f[2]}.png,1` : `${f[0]}/${f[0]}_000${f[1]}.png,${f[2]}/${f[2]}_000${f[3]}.png,0`); // biome-ignore format: a table
    writeFileSync(file('pairs.csv'), `a,b,same\n${rows.join('\n')}\n`);
    writeFileSync(file('one.txt'), `3\n${lines(1).join('\n')}\n`);
    const [csv, lfw] = [
      await json('--data', 'photos', '--pairs', 'pairs.csv'),
      await json('--data', 'photos', '--pairs', 'one.txt'),
    ];
    expect(csv).toEqual(lfw);
    expect(csv.folds.folds).toBe(3);
  });

  it('names what is wrong: no file, other images, other figures asked for', async () => {
    const absent = await evaluate('--pairs', 'no.txt');
    expect([absent.code, absent.err]).toEqual([2, expect.stringContaining('no.txt: the list of pairs cannot be read (ENOENT)')]);
    const foreign = await evaluate('--data', 'others', '--pairs', 'pairs.txt');
    expect(foreign.code).toBe(2);
    expect(foreign.err).toContain("pairs.txt:2: 'x/x_0001' is no image of the data set");
    const both = await evaluate('--pairs', 'pairs.txt', '--cmc', '--exclude-group');
    expect(both.code).toBe(2);
    expect(both.err).toContain('--pairs scores a list of pairs, and --cmc, --exclude-group look at whole classes');
  });
});
