import { forEachMetric, type Metric, metrics } from './metrics.js';
import { type Resampler, seededResampler } from './resample.js';
import type { PerQuery } from './retrieval.js';

/** A mean over queries, with its 95 % percentile interval and standard error. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly standard_error: number;
}

export type Verdict = 'better' | 'worse' | 'no clear difference';

/** The mean of `after − before` over the queries; the verdict is that of `after`. */
export interface Difference extends Interval {
  readonly verdict: Verdict;
}

export interface BootstrapOptions {
  readonly seed: number;
  /** 2,000 unless told. */
  readonly resamples?: number;
}

const RESAMPLES = 2000;

/**
 * Percentile bootstrap over the queries: they are drawn with replacement, the means taken, and the 2.5 % and 97.5 % quantiles
 * of those means are the interval. Queries are taken as independent; images of one class are not quite, so the true interval
 * is somewhat wider.
 * Source: Efron & Tibshirani, "An introduction to the bootstrap", 1993, ch. 13.
 */
export function intervals(perQuery: PerQuery, options: BootstrapOptions): Record<Metric, Interval> {
  const columns = metrics.map((metric) => perQuery.values[metric]);
  return byMetric(bootstrapMeans(columns, seededResampler(options.seed), options.resamples ?? RESAMPLES));
}

/**
 * The difference between two runs on the same queries, each query drawn together with its pair, so that what makes a query
 * hard for both cancels. `after` is 'better' where the whole interval lies above 0, 'worse' where it lies below.
 *
 * @throws RangeError where the two did not answer the same queries
 */
export function compare(before: PerQuery, after: PerQuery, options: BootstrapOptions): Record<Metric, Difference> {
  if (before.rows.length !== after.rows.length || before.rows.some((row, at) => row !== after.rows[at])) {
    throw new RangeError('two runs can only be compared on the same queries');
  }
  const columns = metrics.map((metric) => after.values[metric].map((value, at) => value - (before.values[metric][at] as number)));
  const found = byMetric(bootstrapMeans(columns, seededResampler(options.seed), options.resamples ?? RESAMPLES));
  return forEachMetric((metric) => ({ ...found[metric], verdict: verdictOf(found[metric]) }));
}

/** The difference `after − before` of one figure that each of some images has in both, paired by image as in {@link compare}. */
export function bootstrapDifference(before: readonly number[], after: readonly number[], options: BootstrapOptions): Difference {
  if (before.length !== after.length) throw new RangeError(`${before.length} images before and ${after.length} after`);
  const column = Float64Array.from(after, (value, at) => value - (before[at] as number));
  const found = bootstrapMeans([column], seededResampler(options.seed), options.resamples ?? RESAMPLES)[0] as Interval;
  return { ...found, verdict: verdictOf(found) };
}

/**
 * Intervals of the means of columns of equal length, all of them resampled together.
 *
 * @param resample draws the indices of one resample
 */
export function bootstrapMeans(columns: readonly Float64Array[], resample: Resampler, resamples: number): Interval[] {
  const rows = columns[0]?.length ?? 0;
  const width = columns.length;
  // Side by side, so that one drawn index brings all its columns from one place in memory.
  const table = new Float64Array(rows * width);
  columns.forEach((column, c) =>
    column.forEach((value, row) => {
      table[row * width + c] = value;
    }),
  );
  const drawn = new Int32Array(rows);
  const means = columns.map(() => new Float64Array(resamples));
  const sums = new Float64Array(width);
  for (let r = 0; r < resamples; r++) {
    resample(drawn);
    sums.fill(0);
    for (let i = 0; i < rows; i++) {
      const from = (drawn[i] as number) * width;
      for (let c = 0; c < width; c++) sums[c] = (sums[c] as number) + (table[from + c] as number);
    }
    means.forEach((column, c) => {
      column[r] = (sums[c] as number) / rows;
    });
  }
  return columns.map((column, c) => {
    const of = (means[c] as Float64Array).sort();
    return { value: mean(column), low: quantile(of, 0.025), high: quantile(of, 0.975), standard_error: standardDeviation(of) };
  });
}

function byMetric(found: readonly Interval[]): Record<Metric, Interval> {
  return forEachMetric((metric) => found[metrics.indexOf(metric)] as Interval);
}

function verdictOf({ low, high }: Interval): Verdict {
  if (low > 0) return 'better';
  if (high < 0) return 'worse';
  return 'no clear difference';
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function standardDeviation(values: Float64Array): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** The quantile of ascending values, linear between neighbours (NumPy's default). */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  // Equal neighbours are returned as they are: two infinite thresholds have no difference.
  return low === high ? low : low + (high - low) * (place - below);
}
