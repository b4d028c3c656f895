import { sample } from './draws.js';
import type { HeldOut, Vectors } from './input.js';
import { retrieved } from './neighbours.js';

/** Two classes of which one was the nearest answer to the other's images. */
export interface MixedUp {
  /** Class of the queries. */
  readonly truth: number;
  /** Class of the answer that came first. */
  readonly taken: number;
  readonly count: number;
  /** Images of `truth`. */
  readonly of: number;
  /** One such query and its first answer. */
  readonly example: { readonly query: number; readonly answer: number };
}

export interface MixUps {
  readonly pairs: readonly MixedUp[];
  /** Queries whose first answer was wrong, and how many of them were looked at. */
  readonly wrong: number;
  readonly looked: number;
}

/** Multiplications that the search may take: a few seconds. */
const BUDGET = 1e9;

/**
 * The pairs of classes that retrieval mixes up most: by count, then by share of the class, then by index. Only queries whose
 * first answer was wrong are asked again; where that would take too long, a seeded sample of them.
 */
export function mixUps(vectors: Vectors, heldOut: HeldOut, wrong: readonly number[], limit: number, draw: () => number): MixUps {
  const { labels, classes } = heldOut;
  const affordable = Math.max(50, Math.floor(BUDGET / (labels.length * vectors.dimensions)));
  const looked = sample(wrong.length, affordable, draw).map((at) => wrong[at] as number);
  const sizes = new Int32Array(classes.length);
  for (const label of labels) sizes[label] = (sizes[label] as number) + 1;
  const found = new Map<number, { truth: number; taken: number; count: number; of: number; example: MixedUp['example'] }>();
  for (const query of looked) {
    const answer = retrieved(vectors, labels, query, 1).nearest[0]?.image;
    if (answer === undefined || labels[answer] === labels[query]) continue;
    const truth = labels[query] as number;
    const taken = labels[answer] as number;
    const key = truth * classes.length + taken;
    const entry = found.get(key);
    if (entry === undefined) found.set(key, { truth, taken, count: 1, of: sizes[truth] as number, example: { query, answer } });
    else entry.count++;
  }
  const pairs = [...found.values()].sort(
    (a, b) => b.count - a.count || b.count / b.of - a.count / a.of || a.truth - b.truth || a.taken - b.taken,
  );
  return { pairs: pairs.slice(0, limit), wrong: wrong.length, looked: looked.length };
}
