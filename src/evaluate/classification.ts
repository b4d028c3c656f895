import { UserError } from '../errors.js';

/** How a classifier's answers fall on the classes. */
export interface Confusion {
  readonly classes: number;
  /** Row-major [truth, predicted]: how many images of a class were given each name. */
  readonly counts: Int32Array;
}

/** Figures of one class. A class that was never predicted has the precision 0, one without images the recall 0 (as scikit-learn). */
export interface ClassFigures {
  readonly precision: number;
  readonly recall: number;
  /** The harmonic mean of the two; 0 where both are. */
  readonly f1: number;
  /** Images of the class. */
  readonly support: number;
  readonly predicted: number;
}

/** A class taken for another one: `count` of the `support` images of `truth` were named `predicted`. */
export interface MixUp {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  readonly share: number;
}

/**
 * Counts of (truth, predicted), as `sklearn.metrics.confusion_matrix`. Labels are 0 … classes − 1.
 *
 * @throws UserError where there is no image, RangeError where a label is none of the classes
 */
export function confusion(truth: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): Confusion {
  if (truth.length !== predicted.length) throw new RangeError(`${truth.length} labels for ${predicted.length} predictions`);
  refuseEmpty(truth.length);
  const counts = new Int32Array(classes * classes);
  for (let i = 0; i < truth.length; i++) {
    const at = placeOf(truth[i] as number, classes) * classes + placeOf(predicted[i] as number, classes);
    counts[at] = (counts[at] as number) + 1;
  }
  return { classes, counts };
}

/**
 * Precision, recall and F1 of every class, and their means over the classes that have images or were predicted ('macro', over
 * the same classes as scikit-learn's). Source: `sklearn.metrics.precision_recall_fscore_support` with `zero_division=0`.
 */
export function perClass({ classes, counts }: Confusion): { classes: ClassFigures[]; macro: ClassMeans; accuracy: number } {
  let right = 0;
  let all = 0;
  const figures = Array.from({ length: classes }, (_, c) => {
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < classes; other++) {
      support += counts[c * classes + other] as number;
      predicted += counts[other * classes + c] as number;
    }
    const hit = counts[c * classes + c] as number;
    right += hit;
    all += support;
    const precision = predicted === 0 ? 0 : hit / predicted;
    const recall = support === 0 ? 0 : hit / support;
    const f1 = support + predicted === 0 ? 0 : (2 * hit) / (support + predicted);
    return { precision, recall, f1, support, predicted };
  });
  const present = figures.filter(({ support, predicted }) => support + predicted > 0);
  const mean = (of: (figures: ClassFigures) => number) => present.reduce((sum, one) => sum + of(one), 0) / present.length;
  return {
    classes: figures,
    macro: { precision: mean((f) => f.precision), recall: mean((f) => f.recall), f1: mean((f) => f.f1) },
    accuracy: right / all,
  };
}

export interface ClassMeans {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** The pairs of classes that are mixed up most: by count, then by share of the class, then by index. At most `limit` of them. */
export function mostConfused({ classes, counts }: Confusion, limit: number): MixUp[] {
  const found: MixUp[] = [];
  for (let truth = 0; truth < classes; truth++) {
    const row = counts.subarray(truth * classes, (truth + 1) * classes);
    const support = row.reduce((sum, count) => sum + count, 0);
    row.forEach((count, predicted) => {
      if (count > 0 && predicted !== truth) found.push({ truth, predicted, count, share: count / support });
    });
  }
  found.sort((a, b) => b.count - a.count || b.share - a.share || a.truth - b.truth || a.predicted - b.predicted);
  return found.slice(0, limit);
}

/**
 * For each k: the share of images whose class is among the k highest scores. Of equal scores the lower index goes first (torch's
 * and NumPy's stable order; scikit-learn's `top_k_accuracy_score` takes them from the other end).
 *
 * @param scores row-major [images, classes]: logits or probabilities
 */
export function topK(
  scores: Float32Array | Float64Array,
  truth: ArrayLike<number>,
  classes: number,
  ks: readonly number[],
): number[] {
  refuseEmpty(truth.length);
  if (scores.length !== truth.length * classes)
    throw new RangeError(`${scores.length} scores are not ${truth.length} rows of ${classes}`);
  const hits = ks.map(() => 0);
  for (let row = 0; row < truth.length; row++) {
    const label = placeOf(truth[row] as number, classes);
    const own = scores[row * classes + label] as number;
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const score = scores[row * classes + c] as number;
      if (Number.isNaN(score)) throw notNumbers();
      if (score > own || (score === own && c < label)) before++;
    }
    ks.forEach((k, at) => {
      if (before < k) hits[at] = (hits[at] as number) + 1;
    });
  }
  return hits.map((count) => count / truth.length);
}

/** The index of the highest score of each row, the first of equal ones. */
export function predictions(scores: Float32Array | Float64Array, classes: number): Int32Array {
  const rows = scores.length / classes;
  if (!Number.isInteger(rows)) throw new RangeError(`${scores.length} scores are not rows of ${classes}`);
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if ((scores[row * classes + c] as number) > (scores[row * classes + best] as number)) best = c;
    }
    return best;
  });
}

function placeOf(label: number, classes: number): number {
  if (!(Number.isInteger(label) && label >= 0 && label < classes)) throw new RangeError(`${label} is none of ${classes} classes`);
  return label;
}

function refuseEmpty(images: number): void {
  if (images === 0) throw new UserError({ what: 'there is no image to score a classifier on', mend: 'give at least one image' });
}

function notNumbers(): UserError {
  return new UserError({
    what: 'a score of the classifier is no number',
    mend: 'the network has most likely diverged: lower `rate`, or freeze more',
  });
}
