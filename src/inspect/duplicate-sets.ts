import type { Alignment } from '../data/alignment.js';
import type { Dataset, PartName } from '../data/dataset.js';
import { type DuplicateMeaning, meaningOf } from '../data/duplicates.js';

/** A pair of images that show the same. */
export interface NearPair {
  readonly a: number;
  readonly b: number;
  readonly alignment: Alignment;
}

/** Images that are the same, or nearly, directly or through one another. */
export interface DuplicateSet {
  /** Indices into the data set's samples, ascending. */
  readonly samples: readonly number[];
  /** Whether all of them are equal byte by byte. */
  readonly exact: boolean;
  readonly meaning: DuplicateMeaning;
  /** The weakest of the pairs that hold the set together; null for equal files. */
  readonly weakest: Alignment | null;
}

/** Joins equal files and pairs that show the same into sets, and says what each means. */
export function duplicateSets(
  dataset: Dataset,
  exact: readonly (readonly number[])[],
  near: readonly NearPair[],
  parts: readonly (PartName | undefined)[],
): DuplicateSet[] {
  const parent = Int32Array.from(dataset.samples.keys());
  const root = (index: number): number => {
    let at = index;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number;
      at = parent[at] as number;
    }
    return at;
  };
  const join = (a: number, b: number) => {
    const [x, y] = [root(a), root(b)];
    parent[Math.max(x, y)] = Math.min(x, y);
  };
  for (const [head, ...others] of exact) for (const other of others) join(head as number, other);
  for (const { a, b } of near) join(a, b);
  const members = new Map<number, number[]>();
  const touched = new Set([...exact.flat(), ...near.flatMap(({ a, b }) => [a, b])]);
  for (const index of [...touched].sort((a, b) => a - b)) {
    const list = members.get(root(index));
    if (list === undefined) members.set(root(index), [index]);
    else list.push(index);
  }
  const weakest = new Map<number, Alignment>();
  for (const { a, alignment } of near) {
    const known = weakest.get(root(a));
    if (known === undefined || alignment.correlation < known.correlation) weakest.set(root(a), alignment);
  }
  return [...members].map(([head, samples]) => ({
    samples,
    exact: new Set(samples.map((index) => dataset.samples[index]?.sha256)).size === 1,
    meaning: meaningOf(dataset, samples, parts),
    weakest: weakest.get(head) ?? null,
  }));
}
