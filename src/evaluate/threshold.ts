import { quantile } from './bootstrap.js';
import { forEachResample, type PairClasses, type RankedKinds, rankBoth, type Weights } from './pair-resample.js';
import { type Roc, rocOf, valAtFar } from './roc.js';

/** From … to: a 95 % percentile interval. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A threshold for "the same" that lets a stated share of the pairs of two classes through, and how sure that is. */
export interface Calibration {
  /** A pair counts as the same from this score on. */
  readonly threshold: number;
  /** The share of pairs of two classes that it accepts here; at most what was asked for. */
  readonly far: number;
  /** The share of pairs of one class that it accepts. */
  readonly tar: number;
  /** What the threshold, and its two rates, would have been on other images of the same kind. */
  readonly interval: { readonly threshold: Range; readonly far: Range; readonly tar: Range };
  /** False where the pairs of two classes are too few to tell `far` from 0: the threshold is then a lower bound. */
  readonly resolved: boolean;
}

export interface CalibrationOptions {
  readonly seed?: number;
  /** 1,000 unless told. */
  readonly resamples?: number;
  /** The class of each pair's two images. Given, whole classes are resampled; else pairs, as if each were by itself. */
  readonly classes?: PairClasses;
}

const RESAMPLES = 1000;

/**
 * The lowest threshold whose false-accept rate is at most `far`, with 95 % intervals by bootstrap.
 *
 * With `classes` whole classes are resampled, else pairs (see `forEachResample`). In each resample
 * - `threshold` is calibrated anew,
 * - `far` and `tar` are the rates of the threshold that was found on all pairs.
 *
 * @param scores higher is more alike
 * @param same 1 where the two are of one class
 * @throws UserError as `rocOf`
 */
export function calibrate(scores: Float64Array, same: Uint8Array, far: number, options: CalibrationOptions = {}): Calibration {
  const { seed = 0, resamples = RESAMPLES, classes } = options;
  const pairs = rankBoth(scores, same, classes);
  const calibration = calibrating(rocOf(scores, same), pairs, far);
  forEachResample(pairs, seed, resamples, calibration.add);
  return calibration.result();
}

/** A calibration that takes in resamples one by one, so that several can share them. */
export function calibrating(
  roc: Roc,
  { alike, unlike }: RankedKinds,
  far: number,
): { add: (ofAlike: Weights, ofUnlike: Weights) => void; result: () => Calibration } {
  const chosen = valAtFar(roc, far);
  const thresholds: number[] = [];
  const fars: number[] = [];
  const tars: number[] = [];
  return {
    add(ofAlike, ofUnlike) {
      thresholds.push(lowestThreshold(unlike.scores, ofUnlike, far, roc.thresholds));
      fars.push(acceptedShare(unlike.scores, ofUnlike, chosen.threshold));
      tars.push(acceptedShare(alike.scores, ofAlike, chosen.threshold));
    },
    result: () => ({
      threshold: chosen.threshold,
      far: chosen.far,
      tar: chosen.val,
      interval: { threshold: rangeOf(thresholds), far: rangeOf(fars), tar: rangeOf(tars) },
      resolved: chosen.resolved,
    }),
  };
}

/**
 * The lowest of the falling `thresholds` that lets at most `far` of the weight through.
 * From the top: the first score at which it would be more is refused, and the threshold is the next one above it.
 */
function lowestThreshold(scores: Float64Array, { of, total }: Weights, far: number, thresholds: Float64Array): number {
  let accepted = 0;
  for (let pair = 0; pair < scores.length; pair++) {
    accepted += of(pair);
    if (accepted > far * total) return nextAbove(thresholds, scores[pair] as number);
  }
  return thresholds[thresholds.length - 1] as number;
}

function nextAbove(falling: Float64Array, score: number): number {
  let low = 0;
  let high = falling.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((falling[middle] as number) > score) low = middle;
    else high = middle - 1;
  }
  return falling[low] as number;
}

function acceptedShare(scores: Float64Array, { of, total }: Weights, threshold: number): number {
  let accepted = 0;
  for (let pair = 0; pair < scores.length && (scores[pair] as number) >= threshold; pair++) accepted += of(pair);
  return accepted / total;
}

export function rangeOf(values: readonly number[]): Range {
  if (values.length === 0) return { low: Number.NaN, high: Number.NaN };
  const sorted = Float64Array.from(values).sort();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}
