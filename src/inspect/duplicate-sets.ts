import type { Dataset, PartName } from '../data/dataset.js';
import { type DuplicateMeaning, meaningOf } from '../data/duplicates.js';
import type { Neighbours } from './neighbours.js';

/** A pair of images that show the same, and how that was found. */
export interface NearPair {
  readonly a: number;
  readonly b: number;
  /** Differing bits of their perceptual hashes. */
  readonly bits: number;
  /** Cosine similarity of the backbone's centred features; null where they were not computed. */
  readonly similarity: number | null;
}

/** Images that are the same, or nearly, directly or through one another. */
export interface DuplicateSet {
  /** Indices into the data set's samples, ascending. */
  readonly samples: readonly number[];
  /** Whether all of them are equal byte by byte. */
  readonly exact: boolean;
  readonly meaning: DuplicateMeaning;
  /** The lowest similarity of the pairs that hold the set together; 1 for equal files, null where features were not computed. */
  readonly similarity: number | null;
}

/** How near two images have to be. */
export interface NearRule {
  /** Differing bits of 64 up to which two hashes make a candidate. */
  readonly bits: number;
  /** Cosine from which a candidate of the hash is taken for the same. */
  readonly confirmed: number;
  /** Cosine from which two images are taken for the same whatever their hashes say: crops, mirrored ones, recoloured ones. */
  readonly alone: number;
  /** Differing bits up to which a hash is believed where there are no features. */
  readonly bitsAlone: number;
}

/**
 * Joins pairs into sets: equal files, candidates of the hash that the features confirm, and neighbours in feature space that
 * are near enough by themselves. `blank` images (nearly of one colour) are joined only where their files are equal: their hash
 * and their features are noise.
 */
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
  const lowest = new Map<number, number | null>();
  for (const { a, similarity } of near) {
    const known = lowest.get(root(a));
    lowest.set(root(a), similarity === null ? null : Math.min(known ?? 1, similarity));
  }
  return [...members].map(([head, samples]) => ({
    samples,
    exact: new Set(samples.map((index) => dataset.samples[index]?.sha256)).size === 1,
    meaning: meaningOf(dataset, samples, parts),
    similarity: lowest.has(head) ? (lowest.get(head) as number | null) : 1,
  }));
}

/** The pairs that a rule takes for the same, from the hash's candidates and, where there are any, the features' neighbours. */
export function nearPairs(
  candidates: readonly (readonly [number, number, number])[],
  bitsOf: (a: number, b: number) => number,
  features: { readonly neighbours: Neighbours; readonly cosine: (a: number, b: number) => number } | null,
  blank: ReadonlySet<number>,
  rule: NearRule,
): NearPair[] {
  const pairs = new Map<string, NearPair>();
  const add = (a: number, b: number, bits: number, similarity: number | null) => {
    if (a === b || blank.has(a) || blank.has(b)) return;
    const [first, second] = a < b ? [a, b] : [b, a];
    pairs.set(`${first} ${second}`, { a: first, b: second, bits, similarity });
  };
  for (const [a, b, bits] of candidates) {
    if (features === null) {
      if (bits <= rule.bitsAlone) add(a, b, bits, null);
      continue;
    }
    const similarity = features.cosine(a, b);
    if (bits <= rule.bits && similarity >= rule.confirmed) add(a, b, bits, similarity);
  }
  if (features !== null) {
    const { each, indices, similarities } = features.neighbours;
    similarities.forEach((similarity, at) => {
      if (similarity < rule.alone) return;
      const [a, b] = [Math.floor(at / each), indices[at] as number];
      add(a, b, bitsOf(a, b), similarity);
    });
  }
  return [...pairs.values()].sort((x, y) => x.a - y.a || x.b - y.b);
}
