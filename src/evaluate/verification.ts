import { type Interval, standardDeviation } from './bootstrap.js';
import { type PairClasses, pairDraw, type RankedPairs, rankPairs, type Weights } from './pair-resample.js';
import { type Roc, rocOf } from './roc.js';
import { type Calibration, calibrate, type Range, rangeOf } from './threshold.js';

/** How well a threshold on a score tells pairs of one class from pairs of two. */
export interface Verification {
  readonly pairs: { readonly same: number; readonly different: number };
  readonly auc: Interval;
  /** The equal error rate, and the threshold there. */
  readonly eer: Interval & { readonly threshold: number };
  /** True accepts at stated rates of false ones: TAR@FAR, which FaceNet calls VAL@FAR. */
  readonly tarAtFar: readonly (Calibration & { readonly asked: number })[];
}

export interface VerificationOptions {
  readonly seed: number;
  readonly classes?: PairClasses;
  /** 0.1, 0.01 and 0.001 unless told. */
  readonly fars?: readonly number[];
  /** 1,000 unless told; fewer for very many pairs, but never below 200. */
  readonly resamples?: number;
}

const FARS = [0.1, 0.01, 0.001];
const RESAMPLES = 1000;
const LEAST_RESAMPLES = 200;
/** Pairs that are walked for the intervals, all resamples together. */
const EFFORT = 2e8;

/**
 * AUC, EER and TAR@FAR with 95 % bootstrap intervals, over classes where they are given (`pairDraw`), else over pairs.
 *
 * @throws UserError as `rocOf`
 */
export function verification(
  scores: Float64Array,
  same: Uint8Array,
  options: VerificationOptions,
): { summary: Verification; roc: Roc } {
  const { seed, classes, fars = FARS } = options;
  const roc = rocOf(scores, same);
  const resamples = Math.max(LEAST_RESAMPLES, Math.min(options.resamples ?? RESAMPLES, Math.floor(EFFORT / scores.length)));
  const alike = rankPairs(scores, same, 1, classes);
  const unlike = rankPairs(scores, same, 0, classes);
  const draw = pairDraw(alike, unlike, classes !== undefined, seed);
  const aucs: number[] = [];
  const eers: number[] = [];
  for (let r = 0; r < resamples; r++) {
    const [weighAlike, weighUnlike] = draw();
    if (weighAlike.total === 0 || weighUnlike.total === 0) continue;
    const { auc, eer } = weighedCurve(alike, unlike, weighAlike, weighUnlike);
    aucs.push(auc);
    eers.push(eer);
  }
  const shared = { seed, resamples, ...(classes === undefined ? {} : { classes }) };
  const summary: Verification = {
    pairs: roc.pairs,
    auc: interval(roc.auc, aucs),
    eer: { ...interval(roc.eer.rate, eers), threshold: roc.eer.threshold },
    tarAtFar: fars.map((asked) => ({ asked, ...calibrate(scores, same, asked, shared) })),
  };
  return { summary, roc };
}

/** AUC and EER of weighed pairs, by one walk from the highest score down; equal scores are one point. */
function weighedCurve(
  alike: RankedPairs,
  unlike: RankedPairs,
  ofAlike: Weights,
  ofUnlike: Weights,
): { auc: number; eer: number } {
  let [i, j, fpr, tpr, auc, eer] = [0, 0, 0, 0, 0, -1];
  while (i < alike.scores.length || j < unlike.scores.length) {
    const threshold = Math.max(alike.scores[i] ?? Number.NEGATIVE_INFINITY, unlike.scores[j] ?? Number.NEGATIVE_INFINITY);
    let [more, wrong] = [0, 0];
    while (alike.scores[i] === threshold) more += ofAlike.of(i++);
    while (unlike.scores[j] === threshold) wrong += ofUnlike.of(j++);
    const up = more / ofAlike.total;
    const right = wrong / ofUnlike.total;
    auc += right * (tpr + up / 2);
    const under = fpr + tpr - 1;
    const over = under + up + right;
    if (eer < 0 && over >= 0) eer = fpr + (right * -under) / (over - under || 1);
    tpr += up;
    fpr += right;
  }
  return { auc, eer };
}

function interval(value: number, found: readonly number[]): Interval {
  const { low, high }: Range = rangeOf(found);
  const values = Float64Array.from(found);
  return { value, low, high, standard_error: values.length < 2 ? Number.NaN : standardDeviation(values) };
}

/** At most `points` of a curve, evenly along its length: for drawing and for JSON. The ends are kept. */
export function thinned({ fpr, tpr, thresholds }: Roc, points: number): { fpr: number[]; tpr: number[]; thresholds: number[] } {
  const last = fpr.length - 1;
  const kept = [0];
  let walked = 0;
  for (let i = 1; i <= last; i++) {
    walked += (fpr[i] as number) - (fpr[i - 1] as number) + (tpr[i] as number) - (tpr[i - 1] as number);
    if (walked * (points - 1) >= 2 * kept.length || i === last) kept.push(i);
  }
  const take = (values: Float64Array) => kept.map((i) => values[i] as number);
  return { fpr: take(fpr), tpr: take(tpr), thresholds: take(thresholds) };
}
