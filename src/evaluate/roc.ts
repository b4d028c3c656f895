import { UserError } from '../errors.js';

/**
 * The receiver operating characteristic of pairs: at each threshold t a pair counts as "the same" where its score is at least t.
 * The first point accepts nothing (threshold +∞), the last everything; thresholds fall, the rates rise.
 */
export interface Roc {
  /** False accepts: pairs of two classes with a score ≥ t, divided by all pairs of two classes. Also called FAR. */
  readonly fpr: Float64Array;
  /** True accepts: pairs of one class with a score ≥ t, divided by all pairs of one class. Also called TAR or VAL. */
  readonly tpr: Float64Array;
  readonly thresholds: Float64Array;
  /** The area below the curve: the chance that a pair of one class scores above a pair of two classes, ties counted half. */
  readonly auc: number;
  /** Where as many are wrongly accepted as wrongly refused. */
  readonly eer: { readonly rate: number; readonly threshold: number };
  readonly pairs: { readonly same: number; readonly different: number };
}

/**
 * The ROC of scored pairs, one point for each distinct score (`sklearn.metrics.roc_curve` with `drop_intermediate=False`), its
 * area by trapezoids, and its equal error rate: where `fpr = 1 − tpr` on the curve, linear between its points.
 * O(n log n).
 *
 * @param scores higher is more alike; finite
 * @param same 1 where the two are of one class, else 0
 * @throws UserError where a score is not finite, or only one kind of pair is there
 */
export function rocOf(scores: Float64Array, same: Uint8Array): Roc {
  if (scores.length !== same.length) throw new RangeError(`${scores.length} scores for ${same.length} pairs`);
  const counts = { same: 0, different: 0 };
  for (let i = 0; i < same.length; i++) {
    if (!Number.isFinite(scores[i])) throw notFinite(scores[i] as number);
    if (same[i] === 1) counts.same++;
    else counts.different++;
  }
  refuseOneKind(counts);
  const ofSame = new Float64Array(counts.same);
  const ofDifferent = new Float64Array(counts.different);
  for (let i = 0, s = 0, d = 0; i < same.length; i++) {
    if (same[i] === 1) ofSame[s++] = scores[i] as number;
    else ofDifferent[d++] = scores[i] as number;
  }
  return rocOfSorted(ofSame.sort(), ofDifferent.sort());
}

/** `rocOf` of two ascending lists: the scores of pairs of one class, and of pairs of two. */
export function rocOfSorted(same: Float64Array, different: Float64Array): Roc {
  const fpr = new Float64Array(same.length + different.length + 1);
  const tpr = new Float64Array(fpr.length);
  const thresholds = new Float64Array(fpr.length);
  thresholds[0] = Number.POSITIVE_INFINITY;
  let s = same.length;
  let d = different.length;
  let points = 1;
  let area = 0;
  while (s > 0 || d > 0) {
    const threshold = Math.max(s > 0 ? (same[s - 1] as number) : -Infinity, d > 0 ? (different[d - 1] as number) : -Infinity);
    while (s > 0 && same[s - 1] === threshold) s--;
    while (d > 0 && different[d - 1] === threshold) d--;
    thresholds[points] = threshold;
    tpr[points] = (same.length - s) / same.length;
    fpr[points] = (different.length - d) / different.length;
    area +=
      (((fpr[points] as number) - (fpr[points - 1] as number)) * ((tpr[points] as number) + (tpr[points - 1] as number))) / 2;
    points++;
  }
  const curve = { fpr: fpr.slice(0, points), tpr: tpr.slice(0, points), thresholds: thresholds.slice(0, points) };
  return { ...curve, auc: area, eer: equalErrorRate(curve), pairs: { same: same.length, different: different.length } };
}

/**
 * The share of pairs of one class that are accepted where at most `far` of the pairs of two classes are: the highest `tpr` among
 * the points with `fpr ≤ far`. Nothing is read between points, so the figure belongs to a threshold that exists.
 * FaceNet calls it the validation rate VAL at FAR (Schroff et al. 2015, §4.1), biometrics TAR@FAR (ISO/IEC 19795-1).
 *
 * A rate below 1 / (pairs of two classes) cannot be told from 0: `resolved` is then false, and the threshold lies above the best
 * of them.
 */
export function valAtFar(
  { fpr, tpr, thresholds, pairs }: Roc,
  far: number,
): { val: number; far: number; threshold: number; resolved: boolean } {
  if (!(far >= 0 && far <= 1)) throw new RangeError(`a false-accept rate lies between 0 and 1: ${far}`);
  let low = 0;
  let high = fpr.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((fpr[middle] as number) <= far) low = middle;
    else high = middle - 1;
  }
  const resolved = far * pairs.different >= 1 || far === 1;
  return { val: tpr[low] as number, far: fpr[low] as number, threshold: thresholds[low] as number, resolved };
}

function equalErrorRate({ fpr, tpr, thresholds }: Pick<Roc, 'fpr' | 'tpr' | 'thresholds'>): { rate: number; threshold: number } {
  // fpr − (1 − tpr) rises from −1 to 1.
  const balance = (point: number) => (fpr[point] as number) + (tpr[point] as number) - 1;
  let after = 0;
  while (balance(after) < 0) after++;
  const over = balance(after);
  if (over === 0) return { rate: fpr[after] as number, threshold: thresholds[after] as number };
  const under = balance(after - 1);
  const share = -under / (over - under);
  const between = (values: Float64Array) =>
    (values[after - 1] as number) + share * ((values[after] as number) - (values[after - 1] as number));
  // Before the first score there is no threshold to go between.
  const threshold = after === 1 ? (thresholds[1] as number) : between(thresholds);
  return { rate: between(fpr), threshold };
}

function notFinite(score: number): UserError {
  return new UserError({
    what: `a pair has a score that is no finite number (${score})`,
    mend: 'the network has most likely diverged: lower `rate`, or freeze more',
  });
}

function refuseOneKind({ same, different }: { same: number; different: number }): void {
  if (same > 0 && different > 0) return;
  throw new UserError({
    what: `verification needs pairs of one class and pairs of two: ${same === 0 ? 'there is none of one class' : 'there is none of two classes'}`,
    found: `${same} pairs of one class, ${different} of two`,
    mend: 'give at least two classes, and two images to at least one of them',
  });
}
