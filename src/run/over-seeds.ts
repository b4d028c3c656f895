/** Figures over several seeds: how far runs that differ in nothing but chance lie apart. */

export interface Spread {
  readonly mean: number;
  /** Of the sample (n − 1); null for one value, which says nothing of spread. */
  readonly standard_deviation: number | null;
  readonly values: readonly number[];
}

/** A mean difference with its 95 % interval over seeds. */
export interface SeedDifference {
  readonly mean: number;
  readonly standard_deviation: number | null;
  readonly low: number;
  readonly high: number;
  /** Each seed's difference, where both sides ran the same seeds; else null. */
  readonly values: readonly number[] | null;
}

export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standard_deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null, values };
}

/**
 * Differences of the same seeds on both sides: mean ± t · s / √n with n − 1 degrees of freedom. What a seed makes harder for both
 * (its validation classes, its order of images) cancels. Source: Student, "The probable error of a mean", 1908.
 * @throws RangeError with fewer than two seeds
 */
export function pairedDifference(differences: readonly number[]): SeedDifference {
  if (differences.length < 2) throw new RangeError('a spread needs two seeds');
  const { mean, standard_deviation: deviation } = spread(differences);
  const half = (studentT(differences.length - 1) * (deviation as number)) / Math.sqrt(differences.length);
  return { mean, standard_deviation: deviation, low: mean - half, high: mean + half, values: differences };
}

/**
 * Difference `after − before` of two sets of seeds that are not the same: Welch's interval, which takes neither spreads nor
 * numbers as equal. Source: Welch, "The generalization of Student's problem", Biometrika 34, 1947.
 * @throws RangeError with fewer than two seeds on a side
 */
export function unpairedDifference(before: readonly number[], after: readonly number[]): SeedDifference {
  if (before.length < 2 || after.length < 2) throw new RangeError('a spread needs two seeds on each side');
  const of = (values: readonly number[]) => {
    const { mean, standard_deviation: deviation } = spread(values);
    return { mean, share: (deviation as number) ** 2 / values.length, freedom: values.length - 1 };
  };
  const [a, b] = [of(before), of(after)];
  const variance = a.share + b.share;
  const freedom = variance === 0 ? 1 : variance ** 2 / (a.share ** 2 / a.freedom + b.share ** 2 / b.freedom);
  const mean = b.mean - a.mean;
  const half = studentT(Math.max(1, Math.floor(freedom + 1e-9))) * Math.sqrt(variance);
  return { mean, standard_deviation: null, low: mean - half, high: mean + half, values: null };
}

/** The 97.5 % quantile of Student's t for 1 to 30 degrees of freedom. Source: scipy.stats.t.ppf(0.975, n). */
const STUDENT_T = [
  12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814, 2.20099, 2.17881, 2.16037, 2.14479,
  2.13145, 2.11991, 2.10982, 2.10092, 2.09302, 2.08596, 2.07961, 2.07387, 2.06866, 2.0639, 2.05954, 2.05553, 2.05183, 2.04841,
  2.04523, 2.04227,
] as const;

/** Above 30 that of 30, which is a little wide. */
function studentT(freedom: number): number {
  return STUDENT_T[Math.min(freedom, STUDENT_T.length) - 1] as number;
}
