import { type Resampler, seededResampler } from './resample.js';

/** The pairs of one kind, from the highest score down, with the class of each of the two where classes are known. */
export interface RankedPairs {
  readonly scores: Float64Array;
  readonly first: Int32Array;
  readonly second: Int32Array;
}

/** The class of each pair's two images. */
export interface PairClasses {
  readonly first: Int32Array;
  readonly second: Int32Array;
}

/** How often each pair, in the order of its `RankedPairs`, is in a resample; `total` over all of them. */
export interface Weights {
  readonly of: (pair: number) => number;
  readonly total: number;
}

/** One resample: the weights of the pairs of one class, and of those of two. */
type PairDraw = () => readonly [alike: Weights, unlike: Weights];

/** Both kinds of pairs. */
export interface RankedKinds {
  readonly alike: RankedPairs;
  readonly unlike: RankedPairs;
  /** Whether the classes of the pairs are known. */
  readonly byClass: boolean;
}

export function rankBoth(scores: Float64Array, same: Uint8Array, classes?: PairClasses): RankedKinds {
  return {
    alike: rankPairs(scores, same, 1, classes),
    unlike: rankPairs(scores, same, 0, classes),
    byClass: classes !== undefined,
  };
}

function rankPairs(scores: Float64Array, same: Uint8Array, kind: 0 | 1, classes?: PairClasses): RankedPairs {
  const order = Int32Array.from(scores.keys()).filter((pair) => same[pair] === kind);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const take = (of: Int32Array | undefined) => (of === undefined ? new Int32Array(0) : order.map((pair) => of[pair] as number));
  return {
    scores: Float64Array.from(order, (pair) => scores[pair] as number),
    first: take(classes?.first),
    second: take(classes?.second),
  };
}

/**
 * Draws resamples of pairs. Without classes, as many pairs of each kind as there are, with replacement. With classes, as many
 * classes as there are: a class drawn m times counts m times in its own pairs and mᵢ·mⱼ times in its pairs with another, and pairs
 * between two copies of one class are left out (the vertex bootstrap of Snijders & Borgatti 1999). Pairs that share a class are
 * not independent, so this is the honest one where classes are known.
 */
function pairDraw({ alike, unlike, byClass }: RankedKinds, seed: number): PairDraw {
  const resample = seededResampler(seed);
  return byClass ? drawClasses(alike, unlike, resample) : drawPairs(alike, unlike, resample);
}

/** Calls `visit` for each resample that has pairs of both kinds: classes drawn again and again may leave none of one. */
export function forEachResample(
  pairs: RankedKinds,
  seed: number,
  resamples: number,
  visit: (alike: Weights, unlike: Weights) => void,
): void {
  const draw = pairDraw(pairs, seed);
  for (let r = 0; r < resamples; r++) {
    const [alike, unlike] = draw();
    if (alike.total > 0 && unlike.total > 0) visit(alike, unlike);
  }
}

function drawPairs(alike: RankedPairs, unlike: RankedPairs, resample: Resampler): PairDraw {
  const one = ({ scores }: RankedPairs) => {
    const drawn = new Int32Array(scores.length);
    const counts = new Int32Array(scores.length);
    const weights: Weights = { of: (pair) => counts[pair] as number, total: counts.length };
    return () => {
      resample(drawn);
      counts.fill(0);
      for (const pair of drawn) counts[pair] = (counts[pair] as number) + 1;
      return weights;
    };
  };
  const [first, second] = [one(alike), one(unlike)];
  return () => [first(), second()];
}

function drawClasses(alike: RankedPairs, unlike: RankedPairs, resample: Resampler): PairDraw {
  const numbers = new Map<number, number>();
  const dense = (labels: Int32Array) =>
    labels.map((label) => {
      const number = numbers.get(label) ?? numbers.size;
      numbers.set(label, number);
      return number;
    });
  const own = dense(alike.first);
  const [first, second] = [dense(unlike.first), dense(unlike.second)];
  const classes = numbers.size;
  const ofOne = new Float64Array(classes);
  for (const label of own) ofOne[label] = (ofOne[label] as number) + 1;
  const ofTwo = countClassPairs(first, second, classes);
  const drawn = new Int32Array(classes);
  const times = new Int32Array(classes);
  const at = (label: number | undefined) => times[label as number] as number;
  return () => {
    resample(drawn);
    times.fill(0);
    for (const label of drawn) times[label] = (times[label] as number) + 1;
    let two = 0;
    for (let i = 0; i < ofTwo.counts.length; i++) two += (ofTwo.counts[i] as number) * at(ofTwo.first[i]) * at(ofTwo.second[i]);
    return [
      { of: (pair) => at(own[pair]), total: ofOne.reduce((sum, count, label) => sum + count * at(label), 0) },
      { of: (pair) => at(first[pair]) * at(second[pair]), total: two },
    ];
  };
}

/** How many pairs there are of each two classes, so that a resample's total needs no walk over all pairs. */
function countClassPairs(first: Int32Array, second: Int32Array, classes: number): PairClasses & { counts: Float64Array } {
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
