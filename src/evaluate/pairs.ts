import { seededDraws } from './resample.js';

/** Pairs of images, by row. */
export interface Pairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** 1 where the two are of one class. */
  readonly same: Uint8Array;
  /** How many of each kind there are in all, and whether those here are a sample of them. */
  readonly of: { readonly same: number; readonly different: number };
  readonly sampled: boolean;
}

export interface PairOptions {
  readonly seed: number;
  /** The most pairs of each kind; 1,000,000 unless told. */
  readonly limit?: number;
  /** [images], −1 for none: pairs of one class and one group are left out. */
  readonly groups?: Int32Array;
}

const LIMIT = 1_000_000;

/**
 * Pairs of labelled images for verification. Of each kind, those of one class and those of two, all are taken where they are no
 * more than `limit`, else `limit` of them at random, with replacement. Rates are taken within a kind, so that a sample of one
 * kind changes none on average.
 */
export function labelledPairs(labels: Int32Array, { seed, limit = LIMIT, groups }: PairOptions): Pairs {
  const images = labels.length;
  const members = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const rows = members.get(label);
    if (rows === undefined) members.set(label, [row]);
    else rows.push(row);
  });
  const apart = (a: number, b: number) => groups === undefined || groups[a] === -1 || groups[a] !== groups[b];
  let alike = 0;
  let alikeOfAnyGroup = 0;
  for (const rows of members.values()) {
    alikeOfAnyGroup += (rows.length * (rows.length - 1)) / 2;
    if (groups === undefined) continue;
    for (let i = 0; i < rows.length; i++) {
      for (let j = i + 1; j < rows.length; j++) if (apart(rows[i] as number, rows[j] as number)) alike++;
    }
  }
  if (groups === undefined) alike = alikeOfAnyGroup;
  const unlike = (images * (images - 1)) / 2 - alikeOfAnyGroup;
  const uniform = seededDraws(seed);
  const one = alike <= limit ? allOfOneClass(members, alike, apart) : someOfOneClass(members, limit, apart, uniform);
  const two = unlike <= limit ? allOfTwoClasses(labels, unlike) : someOfTwoClasses(labels, limit, uniform);
  const join = (a: Int32Array, b: Int32Array) => {
    const both = new Int32Array(a.length + b.length);
    both.set(a);
    both.set(b, a.length);
    return both;
  };
  return {
    first: join(one.first, two.first),
    second: join(one.second, two.second),
    same: new Uint8Array(one.first.length + two.first.length).fill(1, 0, one.first.length),
    of: { same: alike, different: unlike },
    sampled: alike > limit || unlike > limit,
  };
}

/** The dot products of pairs of rows: their cosine similarity, where rows are of unit length. */
export function pairScores(
  rows: Float64Array | Float32Array,
  dimensions: number,
  { first, second }: Pick<Pairs, 'first' | 'second'>,
): Float64Array {
  const scores = new Float64Array(first.length);
  for (let pair = 0; pair < scores.length; pair++) {
    const left = (first[pair] as number) * dimensions;
    const right = (second[pair] as number) * dimensions;
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += (rows[left + d] as number) * (rows[right + d] as number);
    scores[pair] = sum;
  }
  return scores;
}

interface Found {
  readonly first: Int32Array;
  readonly second: Int32Array;
}

type Apart = (a: number, b: number) => boolean;

function collect(count: number, fill: (add: (a: number, b: number) => void) => void): Found {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  let at = 0;
  fill((a, b) => {
    first[at] = a;
    second[at++] = b;
  });
  return { first, second };
}

function allOfOneClass(members: ReadonlyMap<number, readonly number[]>, count: number, apart: Apart): Found {
  return collect(count, (add) => {
    for (const rows of members.values()) {
      for (let i = 0; i < rows.length; i++) {
        for (let j = i + 1; j < rows.length; j++) {
          if (apart(rows[i] as number, rows[j] as number)) add(rows[i] as number, rows[j] as number);
        }
      }
    }
  });
}

/** A class by its share of the pairs, then two of its images; those of one group are drawn anew. */
function someOfOneClass(
  members: ReadonlyMap<number, readonly number[]>,
  count: number,
  apart: Apart,
  uniform: () => number,
): Found {
  const classes = [...members.values()].filter((rows) => rows.length > 1);
  const upTo: number[] = [];
  let total = 0;
  for (const rows of classes) {
    total += (rows.length * (rows.length - 1)) / 2;
    upTo.push(total);
  }
  return collect(count, (add) => {
    for (let made = 0; made < count; ) {
      const rows = classes[firstAbove(upTo, uniform() * total)] as readonly number[];
      const i = Math.floor(uniform() * rows.length);
      const j = (i + 1 + Math.floor(uniform() * (rows.length - 1))) % rows.length;
      if (!apart(rows[i] as number, rows[j] as number)) continue;
      add(rows[i] as number, rows[j] as number);
      made++;
    }
  });
}

function allOfTwoClasses(labels: Int32Array, count: number): Found {
  return collect(count, (add) => {
    for (let a = 0; a < labels.length; a++) {
      for (let b = a + 1; b < labels.length; b++) if (labels[a] !== labels[b]) add(a, b);
    }
  });
}

function someOfTwoClasses(labels: Int32Array, count: number, uniform: () => number): Found {
  return collect(count, (add) => {
    for (let made = 0; made < count; ) {
      const a = Math.floor(uniform() * labels.length);
      const b = Math.floor(uniform() * labels.length);
      if (labels[a] === labels[b]) continue;
      add(a, b);
      made++;
    }
  });
}

function firstAbove(rising: readonly number[], value: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
