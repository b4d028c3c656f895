/** The semi-hard variants as plain loops, each written from its library's own words. Nothing here shares code with `src`. */
import type { DistanceName } from '../../src/losses/distances.js';
import type { TripletReduction } from '../../src/losses/triplet.js';
import type { VariantName } from '../../src/losses/variants.js';
import { type Loss, lossOf } from './brute-force.js';

/** A triplet, and what it counts for. */
export interface Weighed {
  a: number;
  p: number;
  n: number;
  weight: number;
}

export function mineVariant(name: VariantName, distances: number[][], labels: readonly number[], margin: number): Weighed[] {
  const all = labels.map((_, i) => i);
  const positives = (a: number) => all.filter((p) => p !== a && labels[p] === labels[a]);
  const negatives = (a: number) => all.filter((n) => labels[n] !== labels[a]);
  const d = (i: number, j: number) => distances[i]![j]!;
  const beyondMargin = (a: number, p: number) => Math.fround(d(a, p) + Math.fround(margin));
  const pairs = all.flatMap((a) => positives(a).map((p) => [a, p] as const));
  const among = (a: number, p: number, chosen: number[], share: number): Weighed[] =>
    chosen.map((n) => ({ a, p, n, weight: share / chosen.length }));
  const each = (keep: (a: number, p: number, n: number) => boolean): Weighed[] =>
    pairs.flatMap(([a, p]) =>
      negatives(a)
        .filter((n) => keep(a, p, n))
        .map((n) => ({ a, p, n, weight: 1 })),
    );
  const at = (a: number, from: number[], value: number) => from.filter((i) => d(a, i) === value);
  switch (name) {
    case 'pml':
      return each((a, p, n) => d(a, p) < d(a, n) && d(a, n) <= beyondMargin(a, p));
    case 'facenet':
      return each((a, p, n) => d(a, p) < d(a, n) && d(a, n) < beyondMargin(a, p));
    case 'vggface':
      return pairs
        .filter(([a, p]) => a < p)
        .flatMap(([a, p]) => among(a, p, negatives(a).filter((n) => d(a, n) < beyondMargin(a, p)), 1)); // biome-ignore format: one rule
    case 'tfa':
      return pairs.flatMap(([a, p]) => {
        const own = negatives(a);
        const beyond = own.filter((n) => d(a, n) > d(a, p));
        const wanted = beyond.length > 0 ? Math.min(...beyond.map((n) => d(a, n))) : Math.max(...own.map((n) => d(a, n)));
        return among(a, p, at(a, own, wanted), 1);
      });
    case 'tfsim':
      return all
        .filter((a) => positives(a).length > 0 && negatives(a).length > 0)
        .flatMap((a) => {
          const hardest = Math.max(...positives(a).map((p) => d(a, p)));
          const own = negatives(a);
          const beyond = own.filter((n) => d(a, n) > hardest);
          const chosen =
            beyond.length > 0
              ? at(a, beyond, Math.min(...beyond.map((n) => d(a, n))))
              : at(a, own, Math.max(...own.map((n) => d(a, n)))).slice(0, 1);
          const equals = at(a, positives(a), hardest);
          return equals.flatMap((p) => among(a, p, chosen, 1 / equals.length));
        });
  }
}

/** Σ weight · term / Σ weight (of those that cost something, under 'non-zero'), in double precision, and its gradient. */
export function weighedLoss(
  kept: readonly Weighed[],
  embeddings: number[][],
  distance: DistanceName,
  margin: number,
  reduction: TripletReduction,
): Loss {
  const parts = kept.map(({ a, p, n, weight }) => ({ weight, part: lossOf([[a, p, n]], embeddings, distance, margin, 'kept') }));
  const weightOf = (of: typeof parts) => of.reduce((sum, { weight }) => sum + weight, 0);
  const active = weightOf(parts.filter(({ part }) => part.active > 0));
  const total = weightOf(parts);
  const count = (reduction === 'kept' ? total : active) || 1;
  return {
    loss: parts.reduce((sum, { weight, part }) => sum + (weight * part.loss) / count, 0),
    kept: total,
    active,
    gradient: embeddings.map((row, i) =>
      row.map((_, k) => parts.reduce((sum, { weight, part }) => sum + (weight * part.gradient[i]![k]!) / count, 0)),
    ),
  };
}
