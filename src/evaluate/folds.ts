import { UserError } from '../errors.js';
import { rocOf, valAtFar } from './roc.js';

/** Accuracy of "the same or not" over folds, each with the threshold that is best on the other ones. */
export interface FoldedAccuracy {
  readonly folds: number;
  readonly accuracy: number;
  /** σ / √folds, σ with folds − 1. */
  readonly standard_error: number;
  readonly perFold: readonly { readonly accuracy: number; readonly threshold: number }[];
  /** VAL at a stated FAR, its threshold from the other folds too; mean over the folds, and the FAR that came about. */
  readonly val: { readonly asked: number; readonly val: number; readonly standard_error: number; readonly far: number };
}

/**
 * The protocol of Labeled Faces in the Wild: of ten folds each is tested once, with the threshold that is best on the nine
 * others; reported are the mean and its standard error (Huang et al. 2007, "Labeled faces in the wild", §4; "View 2").
 * Of equally good thresholds the highest is taken.
 *
 * @param fold of each pair, from 0
 * @param far of `val`, 0.001 unless told: FaceNet's
 * @throws UserError where there are fewer than two folds, or the pairs outside a fold are of one kind
 */
export function foldedAccuracy(scores: Float64Array, same: Uint8Array, fold: ArrayLike<number>, far = 0.001): FoldedAccuracy {
  const names = [...new Set(Array.from(fold))].sort((a, b) => a - b);
  if (names.length < 2) {
    throw new UserError({
      what: 'a threshold has to be chosen on other pairs than it is tested on, and all pairs are in one fold',
      found: `${scores.length} pairs`,
      mend: 'give pairs of at least two folds',
    });
  }
  const results = names.map((name) => {
    const part = (inside: boolean) => scores.map((_, pair) => pair).filter((pair) => (fold[pair] === name) === inside);
    const take = (pairs: Float64Array) => ({
      scores: pairs.map((pair) => scores[pair] as number),
      same: Uint8Array.from(pairs, (pair) => same[pair] as number),
    });
    const [test, others] = [take(part(true)), take(part(false))];
    const roc = rocOf(others.scores, others.same);
    const threshold = bestThreshold(roc);
    const right = test.same.reduce(
      (sum, alike, pair) => sum + Number((test.scores[pair] as number) >= threshold === (alike === 1)),
      0,
    );
    const strict = valAtFar(roc, far).threshold;
    const accepted = (kind: 0 | 1) => {
      const of = test.same.filter((alike) => alike === kind).length;
      const taken = test.same.filter((alike, pair) => alike === kind && (test.scores[pair] as number) >= strict).length;
      return of === 0 ? Number.NaN : taken / of;
    };
    return { accuracy: right / test.same.length, threshold, val: accepted(1), far: accepted(0) };
  });
  const accuracies = results.map(({ accuracy }) => accuracy);
  const vals = results.map(({ val }) => val).filter((value) => !Number.isNaN(value));
  return {
    folds: names.length,
    accuracy: mean(accuracies),
    standard_error: standardError(accuracies),
    perFold: results.map(({ accuracy, threshold }) => ({ accuracy, threshold })),
    val: {
      asked: far,
      val: mean(vals),
      standard_error: standardError(vals),
      far: mean(results.map((result) => result.far).filter((value) => !Number.isNaN(value))),
    },
  };
}

/** The threshold with the most pairs right. */
function bestThreshold({ fpr, tpr, thresholds, pairs }: ReturnType<typeof rocOf>): number {
  let best = 0;
  let most = -1;
  fpr.forEach((rate, point) => {
    // In whole pairs, so that rounding parts no ties.
    const right = Math.round((tpr[point] as number) * pairs.same) + Math.round((1 - rate) * pairs.different);
    if (right > most) {
      most = right;
      best = point;
    }
  });
  return thresholds[best] as number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1) / values.length);
}
