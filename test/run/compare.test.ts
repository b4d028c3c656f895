import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareSides } from '../../src/run/compare.js';
import { openSide } from '../../src/run/compare-sides.js';
import { recipeDifferences } from '../../src/run/recipe-difference.js';
import { ft } from '../cli/terminal.js';
import { putRun, putSeries } from './finished-runs.js';
import { sharedFolder } from './runs.js';

const root = sharedFolder();
const side = (name: string) => openSide(name, root, '.');
const compared = async (a: string, b: string, row?: string) =>
  compareSides(await side(a), await side(b), { seed: 0, ...(row === undefined ? {} : { row }) });

/** Queries whose outcome depends on `image` and `shift` in a way that is easy to follow. */
const queries = (shift: number, count = 40) =>
  Array.from({ length: count }, (_, image): [number, number] => [
    (image * 7 + shift) % 5 < 3 ? 1 : 0,
    ((image * 3 + 2 * shift) % 11) / 10,
  ]);

describe('two runs on the same images', () => {
  putRun(root, 'a', { rows: { before: queries(3), triplet: queries(0) } });
  putRun(root, 'b', { rows: { before: queries(2), triplet: queries(1) }, recipe: { triplet: { margin: 0.3 } }, commit: 'd' });

  it('differ by the mean of what each query gained, in the row that each exported', async () => {
    const { metrics, images, classes, rows, pairing } = await compared('a', 'b');
    expect({ images, classes, rows, pairing }).toEqual({
      images: 40,
      classes: 2,
      rows: { reference: ['triplet'], compared: ['triplet'] },
      pairing: 'runs',
    });
    for (const [metric, of] of [
      ['recall_at_1', 0],
      ['map_at_r', 1],
    ] as const) {
      let [before, after] = [0, 0];
      for (const query of queries(0)) before += query[of] / 40;
      for (const query of queries(1)) after += query[of] / 40;
      expect(metrics[metric]?.reference.mean).toBeCloseTo(before, 12);
      expect(metrics[metric]?.compared.mean).toBeCloseTo(after, 12);
      expect(metrics[metric]?.overImages.value).toBeCloseTo(after - before, 12);
      expect(metrics[metric]?.overImages.low).toBeLessThan(after - before);
      expect(metrics[metric]?.overImages.high).toBeGreaterThan(after - before);
      expect(metrics[metric]?.overSeeds).toBeNull();
    }
  });

  it('are compared in another row where it is named', async () => {
    const { metrics, rows } = await compared('a', 'b', 'before');
    expect(rows).toEqual({ reference: ['before'], compared: ['before'] });
    const mean = queries(2).reduce((sum, [, map]) => sum + map / 40, 0);
    expect(metrics.map_at_r?.compared.mean).toBeCloseTo(mean, 12);
  });

  it('name the images that one alone finds, the most striking first', async () => {
    const { gained, lost } = await compared('a', 'b');
    const expected = (gain: number) =>
      queries(0).flatMap(([found, map], image) => {
        const [other, otherMap] = queries(1)[image] as [number, number];
        return other - found === gain ? [{ image, by: gain * (otherMap - map) }] : [];
      });
    for (const [list, gain] of [
      [gained, 1],
      [lost, -1],
    ] as const) {
      const wanted = expected(gain);
      expect(wanted.length).toBeGreaterThan(2);
      expect(list.map(({ file }) => file).sort()).toEqual(
        wanted.map(({ image }) => `class${image % 2}/image${image}.png`).sort(),
      );
      const by = list.map(({ map_at_r: map }) => gain * (map.compared - map.reference));
      expect(by).toEqual([...by].sort((x, y) => y - x));
      expect(list[0]?.path).toBe(`/photos/${list[0]?.file}`);
    }
  });

  it('name the keys of their recipes that differ, and what else was not the same', async () => {
    const { recipe, made } = await compared('a', 'b');
    expect(recipe).toEqual([{ key: 'triplet', reference: undefined, compared: { margin: 0.3 } }]);
    expect(made).toEqual([{ key: 'commit', reference: 'c'.repeat(12), compared: 'd'.repeat(12) }]);
  });

  it('are paired by the name of the image where its place is another', async () => {
    const names = queries(0).map((_, at) => `class${at % 2}/image${at}.png`);
    putRun(root, 'turned', { rows: { triplet: [...queries(0)].reverse() }, images: [...names].reverse() });
    const { metrics, gained, lost } = await compared('a', 'turned');
    expect([gained, lost]).toEqual([[], []]);
    expect(metrics.map_at_r?.overImages).toMatchObject({ value: 0, low: 0, high: 0, verdict: 'no clear difference' });
  });

  it('where each query gains are told better, and worse the other way round', async () => {
    putRun(root, 'low', { rows: { triplet: queries(0).map(([, map]) => [0, map * 0.5]) } });
    expect((await compared('low', 'a')).metrics.map_at_r?.overImages.verdict).toBe('better');
    expect((await compared('a', 'low')).metrics.map_at_r?.overImages.verdict).toBe('worse');
  });

  it('that lack the list of their images are compared where data and split are the same, and refused where they are not', async () => {
    putRun(root, 'old', { rows: { triplet: queries(1) }, images: null });
    putRun(root, 'older', { rows: { triplet: queries(1) }, images: null, fingerprint: 'e'.repeat(64) });
    putRun(root, 'old-a', { rows: { triplet: queries(0) }, images: null });
    const { metrics, gained } = await compared('old-a', 'old');
    expect(metrics.map_at_r?.overImages.value).toBeCloseTo(
      (await compared('a', 'b')).metrics.map_at_r?.overImages.value as number,
      12,
    );
    expect(gained[0]?.file).toMatch(/^held-out image \d+$/);
    await expect(compared('old-a', 'older')).rejects.toThrow('the two runs have other images, or split them in another way');
  });
});

describe('two series', () => {
  for (const seed of [0, 1, 2]) {
    putRun(root, `x${seed}`, { seed, rows: { triplet: queries(seed) } });
    putRun(root, `y${seed}`, { seed, rows: { triplet: queries(seed).map(([r, map]) => [r, map + 0.1 + 0.01 * seed]) } });
  }
  const of = (name: string, seeds: readonly number[]) => seeds.map((seed) => ({ seed, run: `${name}${seed}` }));
  putSeries(root, 'xs', of('x', [0, 1, 2]));
  putSeries(root, 'ys', of('y', [2, 0, 1]));
  putSeries(root, 'few', of('y', [0, 1]));

  it('of the same seeds are paired by seed, whatever the order: mean, spread and interval of the differences', async () => {
    const { metrics, pairing, recipe } = await compared('xs', 'ys');
    expect(pairing).toBe('seeds');
    expect(recipe).toEqual([]);
    const found = metrics.map_at_r?.overSeeds;
    expect(found?.mean).toBeCloseTo(0.11, 12);
    expect(found?.standard_deviation).toBeCloseTo(0.01, 12);
    [0.1, 0.11, 0.12].forEach((value, at) => {
      expect(found?.values?.[at]).toBeCloseTo(value, 12);
    });
    // scipy.stats.t.interval(0.95, 2, 0.11, 0.01 / 3 ** 0.5)
    expect(found?.low).toBeCloseTo(0.08515862, 7);
    expect(found?.high).toBeCloseTo(0.13484138, 7);
    expect(found?.verdict).toBe('better');
    expect(metrics.recall_at_1?.overSeeds).toMatchObject({ mean: 0, verdict: 'no clear difference' });
    expect(metrics.map_at_r?.overImages.value).toBeCloseTo(0.11, 12);
  });

  it('of other seeds are compared by means and spreads of each', async () => {
    const { metrics, pairing } = await compared('xs', 'few');
    expect(pairing).toBe('different seeds');
    expect(metrics.map_at_r?.overSeeds?.values).toBeNull();
    expect(metrics.map_at_r?.compared.values).toHaveLength(2);
  });

  it('count an image as found by the share of the seeds that find it', async () => {
    putRun(root, 'z0', { seed: 0, rows: { triplet: queries(1) } });
    putSeries(root, 'zs', [
      { seed: 0, run: 'z0' },
      { seed: 1, run: 'x1' },
      { seed: 2, run: 'x2' },
    ]);
    const { gained } = await compared('xs', 'zs');
    const [first] = gained;
    const image = Number(/image(\d+)/.exec(first?.file ?? '')?.[1]);
    const share = (seeds: number[]) =>
      seeds.reduce((sum, seed) => sum + ((queries(seed)[image] as [number, number])[0] ?? 0), 0) / 3;
    expect(first?.found.reference).toBeCloseTo(share([0, 1, 2]), 12);
    expect(first?.found.compared).toBeCloseTo(share([1, 1, 2]), 12);
  });

  it('of classifiers are compared in each single figure that all have', async () => {
    for (const [name, by] of [
      ['p', 0],
      ['q', 0.1],
    ] as const) {
      for (const seed of [0, 1]) {
        const classifier = {
          images: 9,
          top_1: 0.5 + 0.2 * seed + by * (1 + seed),
          top_5: seed === 0 ? null : 1,
          confusion: [[1]],
        };
        putRun(root, `${name}${seed}`, { seed, rows: { triplet: queries(seed) }, classifier });
      }
      putSeries(root, `${name}s`, of(name, [0, 1]));
    }
    const { classifier } = await compared('ps', 'qs');
    expect(Object.keys(classifier?.figures ?? {})).toEqual(['top_1']);
    expect(classifier?.answers).toBeNull();
    expect(classifier?.figures.top_1?.reference.mean).toBeCloseTo(0.6, 12);
    expect(classifier?.figures.top_1?.overSeeds?.values?.[1]).toBeCloseTo(0.2, 12);
    const { out } = await ft(['compare', 'ps', 'qs', '--runs', '.'], { folder: root });
    expect(out).toMatch(/top-1 +0\.600 ± 0\.141 +0\.750 ± 0\.212 +\+0\.150 +\+0\.150 \[/);
    expect((await compared('xs', 'ys')).classifier).toBeNull();
  });

  it('of classifiers are paired by image where the runs kept what each was named, and those that differ are shown', async () => {
    const named = (wrong: readonly number[]) => ({
      rows: Array.from({ length: 20 }, (_, at) => 2 * at),
      named: Array.from({ length: 20 }, (_, at) => (wrong.includes(at) ? 'class1' : 'class0')),
      right: Array.from({ length: 20 }, (_, at) => !wrong.includes(at)),
    });
    const classifier = (top_1: number) => ({ images: 20, top_1 });
    putRun(root, 'c', { rows: { triplet: queries(0) }, classifier: classifier(0.85), answers: named([1, 2, 3]) });
    putRun(root, 'd', { rows: { triplet: queries(0) }, classifier: classifier(0.9), answers: named([3, 4]) });
    const { classifier: found } = await compared('c', 'd');
    expect(found?.figures.top_1?.overImages).toMatchObject({ value: expect.closeTo(0.05, 12), verdict: 'no clear difference' });
    // Of 20 images two are better and one is worse: Σ(x − x̄)² / n² is the variance of the mean.
    const error = Math.sqrt((2 * 0.95 ** 2 + 1.05 ** 2 + 17 * 0.05 ** 2) / 400);
    expect(found?.figures.top_1?.overImages?.standard_error).toBeCloseTo(error, 2);
    const files = (images?: readonly { file: string }[]) => images?.map(({ file }) => file);
    expect(files(found?.answers?.gained)).toEqual(['class0/image2.png', 'class0/image4.png']);
    expect(files(found?.answers?.lost)).toEqual(['class0/image8.png']);
    const { out } = await ft(['compare', 'c', 'd', '--runs', '.', '--html', 'cd.html'], { folder: root });
    expect(out).toMatch(/top-1 +0\.850 +0\.900 +\+0\.050 \[−0\.\d{3}, \+0\.\d{3}\]/);
    expect(out).toContain('named right by the compared alone: 2; by the reference alone: 1\n');
    expect(out).toMatch(/ {2}class0\/image4\.png +class0 +class1 → class0\n/);
    const page = readFileSync(join(root, 'cd.html'), 'utf8').replace(/<\/?bdi[^>]*>/g, '');
    expect(page).toContain('Named right by d alone (2)');
    expect(page).toContain('class0 → class1');
  });

  it('that have not come to their end are refused', async () => {
    putSeries(root, 'half', [
      { seed: 0, run: 'x0' },
      { seed: 1, run: null },
    ]);
    await expect(compared('xs', 'half')).rejects.toThrow(
      'half: this series has not come to its end\n  do this:  ft train --resume half',
    );
  });
});

describe('ft compare', () => {
  const run = (...argv: string[]) => ft(['compare', ...argv, '--runs', '.'], { folder: root });

  it('shows scores, intervals, verdicts, recipes and images', async () => {
    const { code, out } = await run('a', 'low', '--images', '2');
    expect(code).toBe(0);
    expect(out).toMatch(/^reference {2}a \(triplet\)\ncompared {3}low \(triplet\)\n40 held-out images of 2 classes/);
    expect(out).toMatch(/MAP@R +0\.\d{3} +0\.\d{3} +−0\.\d{3} \[−0\.\d{3}, −0\.\d{3}\] {2}worse\n/);
    expect(out).toContain('the recipes are the same\n');
    expect(out).toContain('found (Recall@1) by the compared alone: 0; by the reference alone: 24\n');
    expect(out.match(/image\d+\.png/g)).toHaveLength(2);
  });

  it('makes a page with the images on which they differ, those that are gone as places', async () => {
    const { code, out } = await run('a', 'low', '--html', 'differences.html');
    expect(code).toBe(0);
    expect(out).toContain('\nwith pictures: differences.html\n');
    const page = readFileSync(join(root, 'differences.html'), 'utf8').replace(/<\/?bdi[^>]*>/g, '');
    const { metrics, lost } = await compared('a', 'low');
    expect(page).toContain(`<td class="number">${metrics.map_at_r?.compared.mean.toFixed(3)}</td>`);
    expect(page).toContain('Found by a alone (24)');
    expect(page).not.toContain('Found by low alone');
    expect(page.match(/no picture/g)).toHaveLength(24);
    for (const { map_at_r: map } of lost)
      expect(page).toContain(`MAP@R ${map.reference.toFixed(3)} → ${map.compared.toFixed(3)}`);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('sets several runs against the first, and gives tools everything', async () => {
    const { code, out } = await run('a', 'b', 'low', '--json');
    expect(code).toBe(0);
    const { reference, compared: others } = JSON.parse(out);
    expect(reference.name).toBe('a');
    expect(others.map(({ name }: { name: string }) => name)).toEqual(['b', 'low']);
    expect(others[1].lost).toHaveLength(24);
  });

  it.each([
    [['a'], 'one run alone cannot be compared\n'],
    [['a', 'nothing'], "'nothing' is no run\n"],
    [['a', 'b', '--row', 'tripelt'], "unknown row 'tripelt'\n  expected: before, triplet\n  do this:  did you mean 'triplet'?\n"],
    [['a', 'b', '--images', '-1'], '--images: this is no number of images\n'],
  ])('%j is refused', async (argv, message) => {
    const { code, out, err } = await run(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('refuses runs of other images, and names some that only one has', async () => {
    putRun(root, 'other', {
      rows: { triplet: queries(0, 3) },
      images: ['class0/image0.png', 'class1/new.png', 'class0/x\ny.png'],
    });
    const { code, err } = await run('a', 'other');
    expect(code).toBe(2);
    expect(err).toContain('the two runs were not scored on the same held-out images, so that their scores cannot be paired\n');
    expect(err).toContain('found:    3 images; 39 missing (class1/image1.png, …), 2 of its own (class1/new.png, …)\n');
  });

  it('refuses a run that has not come to its end', async () => {
    putRun(root, 'begun', { rows: { triplet: queries(0) }, finished: false });
    const { code, err } = await run('a', 'begun');
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('this run has not come to its end\n  do this:  ft train --resume begun\n'),
    ]);
  });
});

describe('the difference of two recipes', () => {
  it('is each key that has another value, a phase that is left out once, without the keys that do not count', () => {
    const a = {
      seed: 0,
      head: { dimensions: 64, shrinkage: [0.1, 0.3] },
      triplet: { margin: 0.2 },
      track: { tensorboard: true },
    };
    const b = { seed: 1, head: { dimensions: 64, shrinkage: [0.1] }, triplet: null, track: { tensorboard: false }, added: 1 };
    expect(recipeDifferences(a, b, ['track', 'seed'])).toEqual([
      { key: 'head.shrinkage', reference: [0.1, 0.3], compared: [0.1] },
      { key: 'triplet', reference: { margin: 0.2 }, compared: null },
      { key: 'added', reference: undefined, compared: 1 },
    ]);
    expect(recipeDifferences(a, a)).toEqual([]);
  });
});
