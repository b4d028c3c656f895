import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Interrupted } from '../../src/errors.js';
import { pairedDifference, spread, unpairedDifference } from '../../src/run/over-seeds.js';
import { runSeries } from '../../src/run/seeds.js';
import { createSeries, openSeries, parseSeeds } from '../../src/run/series.js';
import { ft } from '../cli/terminal.js';
import { putRun } from './finished-runs.js';
import { outcome, readJson, setting, sharedFolder, TINY } from './runs.js';

describe('the seeds that --seeds names', () => {
  it.each([
    ['3', 0, [0, 1, 2]],
    ['2', 5, [5, 6]],
    ['0,1,2', 9, [0, 1, 2]],
    ['7, 3', 0, [7, 3]],
  ])('%s from %i on are %j', (text, first, seeds) => {
    expect(parseSeeds(text, first)).toEqual(seeds);
  });

  it.each([
    ['1', 'one seed tells nothing of the spread'],
    ['0', 'one seed tells nothing of the spread'],
    ['', 'these are no seeds'],
    ['a,b', 'these are no seeds'],
    ['1.5', 'these are no seeds'],
    ['-1,2', 'these are no seeds'],
    ['4,4', 'a seed is named twice: its runs would be the same'],
    ['1,2147483648', 'a seed is too large'],
    ['99999999999', 'more seeds than can be run'],
  ])('%s are refused', (text, what) => {
    expect(() => parseSeeds(text, 0)).toThrow(
      `--seeds: ${what}\n  expected: how many (3), or which (0,1,2)\n  found:    ${text}`,
    );
  });
});

describe('figures over seeds', () => {
  it('have the standard deviation of a sample, and none for one seed', () => {
    const { mean, standard_deviation: deviation } = spread([1, 2, 4]);
    expect(mean).toBeCloseTo(7 / 3, 12);
    expect(deviation).toBeCloseTo(Math.sqrt(7 / 3), 12);
    expect(spread([0.5]).standard_deviation).toBeNull();
  });

  it('of the same seeds differ by the interval that SciPy gives', () => {
    // scipy.stats.t.interval(.95, 3, mean, sem)
    const { mean, low, high } = pairedDifference([0.01, 0.03, -0.02, 0.05]);
    expect(mean).toBeCloseTo(0.0175, 12);
    expect(low).toBeCloseTo(-0.0300151774, 6);
    expect(high).toBeCloseTo(0.0650151774, 6);
  });

  it('of other seeds differ by an interval that holds that of Welch, whose degrees of freedom are rounded down', () => {
    // scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(); its degrees of freedom are no whole number.
    const found = unpairedDifference([0.5, 0.52, 0.49, 0.51, 0.505, 0.495], [0.55, 0.551, 0.549, 0.552, 0.548, 0.55]);
    expect(found.mean).toBeCloseTo(0.05 - 0.02 / 6, 12);
    expect(found.low).toBeLessThan(0.0353477359);
    expect(found.low).toBeGreaterThan(0.0353477359 - 0.0005);
    expect(found.high).toBeGreaterThan(0.0579855974);
    expect(found.high).toBeLessThan(0.0579855974 + 0.0005);
  });

  it('that do not differ at all have an interval of no width', () => {
    expect(unpairedDifference([1, 1], [1, 1])).toMatchObject({ mean: 0, low: 0, high: 0 });
    expect(() => pairedDifference([1])).toThrow(RangeError);
    expect(() => unpairedDifference([1], [1, 2])).toThrow(RangeError);
  });
});

describe('a series', () => {
  const root = sharedFolder();
  const clock = new Date('2025-02-03T04:05:06.700Z');
  const made = { name: 'made', text: 'seed: 0\n' };
  const rows = (seed: number) => ({
    before: [
      [1, 0.5],
      [0, 0.25],
    ] as [number, number][],
    triplet: [
      [1, 0.5 + 0.1 * seed],
      [seed > 0 ? 1 : 0, 0.5],
    ] as [number, number][],
  });
  const train =
    (trained: string[], stopAt?: number) =>
    async (seed: number, run: string | null, begun: (folder: string) => Promise<void>) => {
      trained.push(`${seed}${run === null ? '' : ' on'}`);
      if (run === null) await begun(putRun(root, `${trained.length}-${seed}`, { seed, finished: false, rows: rows(seed) }));
      const folder = join(root, run === null ? `${trained.length}-${seed}` : run);
      if (seed === stopAt) throw new Interrupted('stopped');
      putRun(
        root,
        folder
          .slice(root.length + 1)
          .split('/')
          .at(-1) as string,
        { seed, rows: rows(seed), exported: seed === 1 ? 'before' : 'triplet' },
      );
    };

  it('that was stopped goes on with the run that was stopped, and does none of the others again', async () => {
    const trained: string[] = [];
    const begun = await createSeries(root, made, [0, 1, 2], ['train'], clock);
    expect(begun.path).toBe(join(root, '2025-02-03-040506-made-seeds'));
    await expect(runSeries(begun, train(trained, 1), () => clock)).rejects.toThrow(Interrupted);
    expect(trained).toEqual(['0', '1']);
    expect(readJson(begun.path, 'series.json').runs).toEqual([
      { seed: 0, run: '../1-0' },
      { seed: 1, run: '../2-1' },
      { seed: 2, run: null },
    ]);
    const again = await openSeries('2025-02-03-040506-made-seeds', '/', root);
    const { summary } = await runSeries(again as NonNullable<typeof again>, train(trained), () => clock);
    expect(trained).toEqual(['0', '1', '1 on', '2']);
    expect(summary.seeds).toEqual([0, 1, 2]);
    expect(readJson(begun.path, 'series.json')).toMatchObject({ finished: clock.toISOString(), summary: { seeds: [0, 1, 2] } });
  });

  it('has for each row the mean and spread of its seeds, and the differences within each seed', async () => {
    const opened = await openSeries('2025-02-03-040506-made-seeds', '/', root);
    const { summary } = await runSeries(
      opened as NonNullable<typeof opened>,
      async () => expect.fail('trained again'),
      () => clock,
    );
    const [before, triplet] = summary.rows;
    expect(before).toMatchObject({ name: 'before', dimensions: 8, scores: { map_at_r: { mean: 0.375, standard_deviation: 0 } } });
    const values = [0.5, 0.55, 0.6];
    triplet?.scores.map_at_r?.values.forEach((value, at) => {
      expect(value).toBeCloseTo(values[at] as number, 12);
    });
    expect(triplet?.scores.map_at_r?.mean).toBeCloseTo(0.55, 12);
    expect(triplet?.scores.map_at_r?.standard_deviation).toBeCloseTo(0.05, 12);
    expect(triplet?.scores.recall_at_1?.values).toEqual([0.5, 1, 1]);
    expect(summary.exported.rows).toEqual(['triplet', 'before', 'triplet']);
    expect(summary.exported.scores.map_at_r?.values[1]).toBeCloseTo(0.375, 12);
    const [step] = summary.steps;
    expect(step?.step).toBe('triplet − before');
    expect(step?.difference.map_at_r?.mean).toBeCloseTo(0.175, 12);
    // t(0.975, 2) · 0.05 / √3
    expect(step?.difference.map_at_r?.low).toBeCloseTo(0.175 - (4.30265 * 0.05) / Math.sqrt(3), 5);
  });

  it('begun in the same second as another gets another name', async () => {
    const second = await createSeries(root, made, [0, 1], [], clock);
    expect(second.path).toBe(join(root, '2025-02-03-040506-made-seeds-2'));
  });

  it('whose file is broken is named', async () => {
    const { path } = await createSeries(root, made, [0, 1], [], clock);
    writeFileSync(join(path, 'series.json'), '{"runs": ');
    await expect(openSeries(path, '/')).rejects.toThrow(`${path}/series.json: this series cannot be read`);
  });
});

describe('ft train --seeds', () => {
  const folder = sharedFolder();
  let first: Awaited<ReturnType<typeof ft>>;
  let series: string;

  beforeAll(async () => {
    first = await ft(['train', 'smoke', ...setting(...TINY, 'head.init=random'), '--seeds', '4,9'], { folder });
    series = /series: (\S+),/.exec(first.err)?.[1] ?? '';
  });

  it('leaves a run folder for each seed, and says what they have in common', () => {
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('\nseed 9, run 2 of 2\n')]);
    const { runs, summary } = readJson(folder, series, 'series.json');
    expect(runs.map(({ seed }: { seed: number }) => seed)).toEqual([4, 9]);
    for (const { seed, run } of runs) {
      expect(readJson(folder, series, run, 'manifest.json')).toMatchObject({ seed, recipe: 'smoke' });
      expect(run).toMatch(new RegExp(`-smoke-seed-${seed}$`));
      expect(existsSync(join(folder, series, run, 'export/savedmodel/saved_model.pb'))).toBe(true);
    }
    const scores = runs.map(({ run }: { run: string }) => readJson(folder, series, run, 'scores.json').triplet.map_at_r);
    const triplet = summary.rows.find(({ name }: { name: string }) => name === 'triplet').scores.map_at_r;
    expect(triplet.mean).toBeCloseTo((scores[0] + scores[1]) / 2, 12);
    expect(triplet.values).toEqual(scores);
    const cell = `${triplet.mean.toFixed(3)} ± ${triplet.standard_deviation.toFixed(3)}`;
    expect(first.out).toContain('Over 2 seeds (4, 9): mean ± standard deviation on the held-out images');
    const table = first.out.slice(first.out.indexOf('Over 2 seeds'));
    expect(table.split('\n').find((line) => line.startsWith('  triplet  '))).toContain(cell);
  });

  it('goes on where it was stopped to the same weights, and a series that is over tells its result once more', async () => {
    const path = join(folder, series, 'series.json');
    const { runs, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
    const second = join(folder, series, runs[1].run);
    const whole = outcome(second);
    rmSync(second, { recursive: true });
    writeFileSync(path, JSON.stringify({ ...rest, runs: [runs[0], { seed: 9, run: null }] }));
    const resumed = await ft(['train', '--resume', series], { folder });
    expect(resumed.code).toBe(0);
    expect(resumed.err).not.toContain('seed 4, run 1 of 2');
    expect(outcome(join(folder, series, readJson(path).runs[1].run))).toEqual(whole);
    const again = await ft(['train', '--resume', series], { folder });
    const table = (out: string) => out.slice(out.indexOf('Over 2 seeds'), out.indexOf('Each seed'));
    expect([again.code, table(again.out)]).toEqual([0, table(first.out)]);
  });

  it.each([
    [['--resume', 'SERIES', '--seeds', '3'], 'found:    a recipe, --set, --data, --strict or --seeds beside it'],
    [['smoke', '--seeds', 'three'], '--seeds: these are no seeds'],
    [['smoke', '--seeds', '3', '--set', 'track.mlflow.uri=nonsense'], 'track.mlflow.uri: this is no address of an MLflow server'],
  ])('%j is refused before anything is made', async (argv, message) => {
    const { code, err } = await ft(['train', ...argv.map((word) => word.replace('SERIES', series)), '--runs', 'none'], {
      folder,
    });
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});
