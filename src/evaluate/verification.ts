import { type Interval, standardDeviation } from './bootstrap.js';
import { forEachResample, type PairClasses, type RankedKinds, rankBoth, type Weights } from './pair-resample.js';
import { type Roc, rocOf } from './roc.js';
import { type Calibration, calibrating, type Range, rangeOf } from './threshold.js';

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
 * AUC, EER and TAR@FAR with 95 % bootstrap intervals, over classes where they are given (`forEachResample`), else over pairs.
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
  const pairs = rankBoth(scores, same, classes);
  const calibrations = fars.map((far) => calibrating(roc, pairs, far));
  const aucs: number[] = [];
  const eers: number[] = [];
  forEachResample(pairs, seed, resamples, (alike, unlike) => {
    const { auc, eer } = weighedCurve(pairs, alike, unlike);
    aucs.push(auc);
    eers.push(eer);
    for (const { add } of calibrations) add(alike, unlike);
  });
  const summary: Verification = {
    pairs: roc.pairs,
    auc: interval(roc.auc, aucs),
    eer: { ...interval(roc.eer.rate, eers), threshold: roc.eer.threshold },
    tarAtFar: fars.map((asked, at) => ({ asked, ...(calibrations[at] as (typeof calibrations)[number]).result() })),
  };
  return { summary, roc };
}

/** AUC and EER of weighed pairs, by one walk from the highest score down; equal scores are one point. */
function weighedCurve({ alike, unlike }: RankedKinds, ofAlike: Weights, ofUnlike: Weights): { auc: number; eer: number } {
  let i = 0;
  let j = 0;
  let fpr = 0;
  let tpr = 0;
  let auc = 0;
  let eer = -1;
  const [highs, lows] = [alike.scores, unlike.scores];
  while (i < highs.length || j < lows.length) {
    const up = i < highs.length ? (highs[i] as number) : Number.NEGATIVE_INFINITY;
    const down = j < lows.length ? (lows[j] as number) : Number.NEGATIVE_INFINITY;
    const threshold = up > down ? up : down;
    let more = 0;
    let wrong = 0;
    while (i < highs.length && highs[i] === threshold) more += ofAlike.of(i++);
    while (j < lows.length && lows[j] === threshold) wrong += ofUnlike.of(j++);
    more /= ofAlike.total;
    wrong /= ofUnlike.total;
    auc += wrong * (tpr + more / 2);
    const under = fpr + tpr - 1;
    const over = under + more + wrong;
    if (eer < 0 && over >= 0) eer = fpr + (wrong * -under) / (over - under || 1);
    tpr += more;
    fpr += wrong;
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
