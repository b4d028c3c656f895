import { seededDraws } from '../evaluate/resample.js';
import type { HeldOut, Vectors } from './input.js';

/** Pairs of held-out images, each with its cosine, and the classes that they are of. */
export interface Pairs {
  readonly scores: Float64Array;
  /** 1 where the two are of one class. */
  readonly same: Uint8Array;
  readonly classes: { readonly first: Int32Array; readonly second: Int32Array };
  /** How many pairs of each kind there are in all; fewer are held where they were drawn. */
  readonly all: { readonly same: number; readonly different: number };
  readonly drawn: { readonly same: boolean; readonly different: boolean };
}

/** The two images of each pair: first those of one class, then those of two. */
export interface PairIndices {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly same: number;
  readonly all: Pairs['all'];
}

/**
 * Up to `limit` pairs of one class and as many of two: all of them where there are so few, else drawn (seeded, with
 * replacement, each pair equally likely). The same pairs for every row of a run, so that rows can be laid over each other.
 */
export function choosePairs({ labels, classes }: HeldOut, limit: number, seed: number): PairIndices {
  const images = labels.length;
  const members: number[][] = classes.map(() => []);
  labels.forEach((label, image) => (members[label] as number[]).push(image));
  const ofClass = members.map(({ length }) => (length * (length - 1)) / 2);
  const sameAll = ofClass.reduce((sum, count) => sum + count, 0);
  const differentAll = (images * (images - 1)) / 2 - sameAll;
  const draw = seededDraws(seed);
  const same = sameAll <= limit ? everySame(members) : drawSame(members, ofClass, sameAll, limit, draw);
  const different = differentAll <= limit ? everyDifferent(labels) : drawDifferent(labels, limit, draw);
  return {
    first: Int32Array.from([...same, ...different], ([a]) => a),
    second: Int32Array.from([...same, ...different], ([, b]) => b),
    same: same.length,
    all: { same: sameAll, different: differentAll },
  };
}

type Pair = readonly [number, number];

function everySame(members: readonly (readonly number[])[]): Pair[] {
  return members.flatMap((images) => images.flatMap((a, at) => images.slice(at + 1).map((b): Pair => [a, b])));
}

function everyDifferent(labels: Int32Array): Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0; a < labels.length; a++)
    for (let b = a + 1; b < labels.length; b++) if (labels[a] !== labels[b]) pairs.push([a, b]);
  return pairs;
}

function drawSame(
  members: readonly number[][],
  ofClass: readonly number[],
  all: number,
  count: number,
  draw: () => number,
): Pair[] {
  // A class is drawn in proportion to its pairs: the place of a number among the running sums.
  const until: number[] = [];
  ofClass.reduce((sum, pairs, label) => {
    until[label] = sum + pairs;
    return sum + pairs;
  }, 0);
  return Array.from({ length: count }, (): Pair => {
    const place = draw() * all;
    let low = 0;
    let high = until.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((until[middle] as number) > place) high = middle;
      else low = middle + 1;
    }
    const images = members[low] as number[];
    const a = Math.floor(draw() * images.length);
    const b = Math.floor(draw() * (images.length - 1));
    return [images[a] as number, images[b < a ? b : b + 1] as number];
  });
}

function drawDifferent(labels: Int32Array, count: number, draw: () => number): Pair[] {
  const pairs: Pair[] = [];
  while (pairs.length < count) {
    const a = Math.floor(draw() * labels.length);
    const b = Math.floor(draw() * labels.length);
    if (labels[a] !== labels[b]) pairs.push([a, b]);
  }
  return pairs;
}

/** The cosines of pairs by one row's embeddings. */
export function scorePairs({ unit, dimensions }: Vectors, { labels }: HeldOut, { first, second, same, all }: PairIndices): Pairs {
  const scores = Float64Array.from(first, (a, pair) => {
    const from = a * dimensions;
    const to = (second[pair] as number) * dimensions;
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += (unit[from + d] as number) * (unit[to + d] as number);
    return Math.max(-1, Math.min(1, sum));
  });
  const label = (image: number) => labels[image] as number;
  return {
    scores,
    same: Uint8Array.from(first, (_, pair) => (pair < same ? 1 : 0)),
    classes: { first: Int32Array.from(first, label), second: Int32Array.from(second, label) },
    all,
    drawn: { same: same < all.same, different: first.length - same < all.different },
  };
}
