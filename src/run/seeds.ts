/** Runs a recipe once for each seed, and says what of its scores is chance. */
import { forEachMetric, type Metric, metrics } from '../evaluate/metrics.js';
import { pairedDifference, type SeedDifference, type Spread, spread } from './over-seeds.js';
import { openResults, type RunResults } from './run-results.js';
import { runOf, type Series, withRun, withSummary } from './series.js';

type OverSeeds = Partial<Record<Metric, Spread>>;

/** What the seeds gave together. */
export interface SeriesSummary {
  readonly seeds: readonly number[];
  /** Rows that every seed has, in their order. */
  readonly rows: readonly {
    readonly name: string;
    readonly dimensions: number;
    readonly scores: OverSeeds;
    readonly validation: Spread | null;
  }[];
  /** Each seed's exported row, whichever it was. */
  readonly exported: { readonly rows: readonly string[]; readonly scores: OverSeeds };
  /** Of the classifier's single figures; null where no classifier was scored. */
  readonly classifier: Readonly<Record<string, Spread>> | null;
  /** What each phase and fit brought: paired within each seed. */
  readonly steps: readonly { readonly step: string; readonly difference: Partial<Record<Metric, SeedDifference>> }[];
}

/** Trains one seed: from its start (`run` null, and `begun` told of its folder at once), or on from where it was stopped. */
export type TrainSeed = (seed: number, run: string | null, begun: (folder: string) => Promise<void>) => Promise<void>;

/**
 * Runs the seeds of a series one after another. The folder of each is kept in `series.json` as soon as it is there, so that a
 * series which was stopped goes on with the run that was stopped; a run that has come to its end is not begun again.
 */
export async function runSeries(
  opened: Series,
  train: TrainSeed,
  now: () => Date,
): Promise<{ series: Series; summary: SeriesSummary; results: RunResults[] }> {
  let series = opened;
  for (const { seed } of opened.contents.runs) {
    const run = folderOf(series, seed);
    if (run !== null && (await openResults(run, '/').catch(() => undefined)) !== undefined) continue;
    await train(seed, run, async (folder) => {
      series = await withRun(series, seed, folder);
    });
  }
  const results = await resultsOf(series);
  const summary = summarise(
    series.contents.runs.map(({ seed }) => seed),
    results,
  );
  return { series: await withSummary(series, summary, now()), summary, results };
}

function folderOf(series: Series, seed: number): string | null {
  const run = series.contents.runs.find((one) => one.seed === seed)?.run ?? null;
  return run === null ? null : runOf(series, run);
}

/** The results of all runs of a series. @throws UserError where one has not come to its end */
export function resultsOf(series: Series): Promise<RunResults[]> {
  return Promise.all(
    series.contents.runs.map(({ run, seed }) => openResults(run === null ? `seed ${seed}` : runOf(series, run), series.path)),
  );
}

/** Means and spreads of every row that all seeds have. @param results one for each seed, in the same order */
export function summarise(seeds: readonly number[], results: readonly RunResults[]): SeriesSummary {
  const [first] = results;
  if (first === undefined) throw new RangeError('a series without a run');
  const names = [...first.rows.keys()].filter((name) => results.every(({ rows }) => rows.has(name)));
  const steps = Object.keys(first.differences).filter((step) => results.every(({ differences }) => step in differences));
  return {
    seeds,
    rows: names.map((name) => {
      const rows = results.map((result) => result.rows.get(name) as NonNullable<ReturnType<RunResults['rows']['get']>>);
      const validation = rows.map(({ validation_map_at_r }) => validation_map_at_r);
      return {
        name,
        dimensions: rows[0]?.dimensions ?? 0,
        scores: known((metric) => spreadOf(rows.map((row) => row[metric]))),
        validation: spreadOf(validation) ?? null,
      };
    }),
    exported: {
      rows: results.map(({ exported }) => exported),
      scores: known((metric) => spreadOf(results.map(({ rows, exported }) => rows.get(exported)?.[metric]))),
    },
    classifier: classifierOver(results),
    steps: steps.map((step) => ({
      step,
      difference: known((metric) => {
        const values = numbers(results.map(({ differences }) => differences[step]?.[metric]?.value));
        return values === undefined || values.length < 2 ? undefined : pairedDifference(values);
      }),
    })),
  };
}

/** Figures that the classifiers of all runs have. */
export function classifierOver(results: readonly RunResults[]): Record<string, Spread> | null {
  const all = results.map(({ classifier }) => classifier);
  if (!all.every((one) => one !== null)) return null;
  const names = Object.keys(all[0] ?? {}).filter((name) => name !== 'images' && all.every((one) => one[name] !== undefined));
  return Object.fromEntries(names.map((name) => [name, spread(all.map((one) => one[name] as number))]));
}

function spreadOf(values: readonly (number | null | undefined)[]): Spread | undefined {
  const found = numbers(values);
  return found === undefined ? undefined : spread(found);
}

/** The values where none is missing. */
function numbers(values: readonly (number | null | undefined)[]): number[] | undefined {
  return values.every((value): value is number => typeof value === 'number') ? [...values] : undefined;
}

function known<T>(of: (metric: Metric) => T | undefined): Partial<Record<Metric, T>> {
  const all = forEachMetric(of);
  return Object.fromEntries(metrics.flatMap((metric) => (all[metric] === undefined ? [] : [[metric, all[metric]]]))) as Partial<
    Record<Metric, T>
  >;
}
