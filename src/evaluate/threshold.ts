import { quantile } from './bootstrap.js';
import { seededResampler } from './resample.js';
import { rocOf, valAtFar } from './roc.js';

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
  readonly classes?: { readonly first: Int32Array; readonly second: Int32Array };
}

const RESAMPLES = 1000;

/**
 * The lowest threshold whose false-accept rate is at most `far`, with 95 % intervals by bootstrap.
 *
 * Pairs that share a class are not independent: with `classes` the classes are drawn with replacement, a class drawn m times
 * counting m times in its own pairs and mᵢ·mⱼ times in its pairs with another (the vertex bootstrap of Snijders & Borgatti 1999;
 * pairs between two copies of one class are left out). In each resample
 * - `threshold` is calibrated anew,
 * - `far` and `tar` are the rates of the threshold that was found on all pairs.
 *
 * @param scores higher is more alike
 * @param same 1 where the two are of one class
 * @throws UserError as `rocOf`
 */
export function calibrate(scores: Float64Array, same: Uint8Array, far: number, options: CalibrationOptions = {}): Calibration {
  const roc = rocOf(scores, same);
  const chosen = valAtFar(roc, far);
  const { seed = 0, resamples = RESAMPLES, classes } = options;
  const sides = [sideOf(scores, same, 1, classes), sideOf(scores, same, 0, classes)] as const;
  const [alike, unlike] = sides;
  const draw = classes === undefined ? pairDraw(sides, seed) : classDraw(sides, seed);
  const thresholds: number[] = [];
  const fars: number[] = [];
  const tars: number[] = [];
  for (let r = 0; r < resamples; r++) {
    const [weighAlike, weighUnlike] = draw();
    // Classes drawn again and again may leave no pair of one kind.
    if (weighAlike.total === 0 || weighUnlike.total === 0) continue;
    thresholds.push(lowestThreshold(unlike.scores, weighUnlike, far, roc.thresholds));
    fars.push(acceptedShare(unlike.scores, weighUnlike, chosen.threshold));
    tars.push(acceptedShare(alike.scores, weighAlike, chosen.threshold));
  }
  const interval = { threshold: rangeOf(thresholds), far: rangeOf(fars), tar: rangeOf(tars) };
  return { threshold: chosen.threshold, far: chosen.far, tar: chosen.val, interval, resolved: chosen.resolved };
}

/** The pairs of one kind, from the highest score down. */
interface Side {
  readonly scores: Float64Array;
  readonly first: Int32Array;
  readonly second: Int32Array;
}

/** How often each pair of a side, in its order, is in a resample; `total` over all of them. */
interface Weights {
  readonly of: (pair: number) => number;
  readonly total: number;
}

function sideOf(scores: Float64Array, same: Uint8Array, kind: 0 | 1, classes: CalibrationOptions['classes']): Side {
  const order = Int32Array.from(scores.keys()).filter((pair) => same[pair] === kind);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const take = (of: Int32Array | undefined) => (of === undefined ? new Int32Array(0) : order.map((pair) => of[pair] as number));
  return {
    scores: Float64Array.from(order, (pair) => scores[pair] as number),
    first: take(classes?.first),
    second: take(classes?.second),
  };
}

/** As many pairs of each kind as there are, drawn with replacement. */
function pairDraw(sides: readonly [Side, Side], seed: number): () => [Weights, Weights] {
  const resample = seededResampler(seed);
  const drawn = sides.map(({ scores }) => new Int32Array(scores.length));
  const counts = sides.map(({ scores }) => new Int32Array(scores.length));
  return () =>
    counts.map((count, side) => {
      const indices = drawn[side] as Int32Array;
      resample(indices);
      count.fill(0);
      for (const pair of indices) count[pair] = (count[pair] as number) + 1;
      return { of: (pair: number) => count[pair] as number, total: count.length };
    }) as [Weights, Weights];
}

/** As many classes as there are, drawn with replacement. */
function classDraw(sides: readonly [Side, Side], seed: number): () => [Weights, Weights] {
  const resample = seededResampler(seed);
  const numbers = new Map<number, number>();
  const dense = (labels: Int32Array) =>
    labels.map((label) => {
      const number = numbers.get(label) ?? numbers.size;
      numbers.set(label, number);
      return number;
    });
  const [alike, unlike] = sides.map(({ first, second }) => ({ first: dense(first), second: dense(second) })) as [
    Pick<Side, 'first' | 'second'>,
    Pick<Side, 'first' | 'second'>,
  ];
  const classes = numbers.size;
  const ofOne = new Float64Array(classes);
  for (const label of alike.first) ofOne[label] = (ofOne[label] as number) + 1;
  const ofTwo = classPairs(unlike, classes);
  const times = new Int32Array(classes);
  const drawn = new Int32Array(classes);
  return () => {
    resample(drawn);
    times.fill(0);
    for (const label of drawn) times[label] = (times[label] as number) + 1;
    const at = (label: number | undefined) => times[label as number] as number;
    let two = 0;
    for (let i = 0; i < ofTwo.counts.length; i++) two += (ofTwo.counts[i] as number) * at(ofTwo.first[i]) * at(ofTwo.second[i]);
    return [
      { of: (pair) => at(alike.first[pair]), total: ofOne.reduce((sum, count, label) => sum + count * at(label), 0) },
      { of: (pair) => at(unlike.first[pair]) * at(unlike.second[pair]), total: two },
    ];
  };
}

/** How many pairs there are of each two classes, so that a resample's total needs no walk over all pairs. */
function classPairs({ first, second }: Pick<Side, 'first' | 'second'>, classes: number) {
  const counts = new Map<number, number>();
  first.forEach((a, pair) => {
    const b = second[pair] as number;
    const key = Math.min(a, b) * classes + Math.max(a, b);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  const keys = [...counts.keys()];
  return {
    first: Int32Array.from(keys, (key) => Math.floor(key / classes)),
    second: Int32Array.from(keys, (key) => key % classes),
    counts: Float64Array.from(counts.values()),
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

function rangeOf(values: readonly number[]): Range {
  if (values.length === 0) return { low: Number.NaN, high: Number.NaN };
  const sorted = Float64Array.from(values).sort();
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}
