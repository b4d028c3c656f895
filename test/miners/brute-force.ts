/** The miners, the loss and its gradient as plain loops, for comparing. Nothing here shares code with `src`. */
import type { DistanceName } from '../../src/losses/distances.js';
import type { TripletReduction } from '../../src/losses/triplet.js';
import type { MinerName } from '../../src/miners/registry.js';

export type Triplet = readonly [anchor: number, positive: number, negative: number];

const at = (matrix: number[][], row: number, column: number): number => (matrix[row] as number[])[column] as number;

/** `distances` are float32 values; the sum with the margin is rounded to float32, as on the device. */
export function mine(miner: MinerName, distances: number[][], labels: readonly number[], margin: number): Triplet[] {
  const kept: Triplet[] = [];
  const n = labels.length;
  for (let a = 0; a < n; a++) {
    let farthest = -1;
    let nearest = -1;
    let nearestPositive = -1;
    let farthestNegative = -1;
    for (let i = 0; i < n; i++) {
      if (i !== a && labels[i] === labels[a] && (farthest < 0 || at(distances, a, i) > at(distances, a, farthest))) farthest = i;
      if (labels[i] !== labels[a] && (nearest < 0 || at(distances, a, i) < at(distances, a, nearest))) nearest = i;
      const own = labels[i] === labels[a];
      if (own && i !== a && (nearestPositive < 0 || at(distances, a, i) < at(distances, a, nearestPositive))) nearestPositive = i;
      if (!own && (farthestNegative < 0 || at(distances, a, i) > at(distances, a, farthestNegative))) farthestNegative = i;
    }
    for (let p = 0; p < n; p++) {
      if (p === a || labels[p] !== labels[a]) continue;
      for (let q = 0; q < n; q++) {
        if (labels[q] === labels[a]) continue;
        const positive = at(distances, a, p);
        const negative = at(distances, a, q);
        const keep = {
          'semi-hard': positive < negative && negative < Math.fround(positive + Math.fround(margin)),
          naive: positive < negative,
          'batch-hard': p === farthest && q === nearest,
          'batch-easy': p === nearestPositive && q === farthestNegative,
          all: true,
        }[miner];
        if (keep) kept.push([a, p, q]);
      }
    }
  }
  return kept;
}

export interface Loss {
  loss: number;
  kept: number;
  active: number;
  gradient: number[][];
}

/** The loss of these triplets and its gradient by the un-normalised embeddings, in double precision. */
export function lossOf(
  triplets: readonly Triplet[],
  embeddings: number[][],
  distance: DistanceName,
  margin: number,
  reduction: TripletReduction,
): Loss {
  const lengths = embeddings.map((row) => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)));
  const unit = embeddings.map((row, i) => row.map((value) => value / Math.max(lengths[i] as number, 1e-12)));
  const byUnit = unit.map((row) => row.map(() => 0));
  const difference = (i: number, j: number): number[] => (unit[i] as number[]).map((value, k) => value - at(unit, j, k));
  const between = (i: number, j: number): number => {
    const squared = difference(i, j).reduce((sum, value) => sum + value * value, 0);
    return { euclidean: Math.sqrt(squared), 'squared-euclidean': squared, cosine: squared / 2 }[distance];
  };
  const active = triplets.filter(([a, p, n]) => between(a, p) - between(a, n) + margin > 1e-7);
  const count = Math.max(1, reduction === 'kept' ? triplets.length : active.length);
  const push = (i: number, j: number, weight: number): void => {
    const d = between(i, j);
    const slope = { euclidean: d < 1e-9 ? 0 : 1 / d, 'squared-euclidean': 2, cosine: 1 }[distance];
    difference(i, j).forEach((value, k) => {
      (byUnit[i] as number[])[k] = at(byUnit, i, k) + weight * slope * value;
      (byUnit[j] as number[])[k] = at(byUnit, j, k) - weight * slope * value;
    });
  };
  let loss = 0;
  for (const [a, p, n] of active) {
    loss += (between(a, p) - between(a, n) + margin) / count;
    push(a, p, 1 / count);
    push(a, n, -1 / count);
  }
  const gradient = byUnit.map((row, i) => {
    const along = row.reduce((sum, value, k) => sum + value * at(unit, i, k), 0);
    return row.map((value, k) =>
      (lengths[i] as number) < 1e-12 ? 0 : (value - along * at(unit, i, k)) / (lengths[i] as number),
    );
  });
  return { loss, kept: triplets.length, active: active.length, gradient };
}

export function maskOf(triplets: readonly Triplet[], n: number): number[] {
  const mask = new Array<number>(n ** 3).fill(0);
  for (const [a, p, q] of triplets) mask[(a * n + p) * n + q] = 1;
  return mask;
}
