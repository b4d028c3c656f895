import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DistanceName, pairwiseDistances, unitLength } from '../../src/losses/distances.js';
import { type MinerName, miners } from '../../src/miners/registry.js';
import { validTriplets } from '../../src/miners/valid-triplets.js';
import { withoutGradient } from '../../src/miners/without-gradient.js';
import { type Scalar, type Tensor2D, type Tensor3D, tf } from '../../src/runtime/tensorflow.js';
import { type Batch, batches, duplicates, noPositives, oneClass, smallest } from './batches.js';
import { maskOf, mine } from './brute-force.js';

const names = [...miners.keys()];
const distanceNames: DistanceName[] = ['euclidean', 'squared-euclidean', 'cosine'];

function mined(name: MinerName, distances: number[][], labels: number[], margin: number): number[] {
  return tf.tidy(() => [...miners.get(name)!(tf.tensor2d(distances), tf.tensor1d(labels, 'int32'), margin).dataSync()]);
}

function distancesOf({ embeddings }: Batch, distance: DistanceName): number[][] {
  return tf.tidy(() => pairwiseDistances(unitLength(tf.tensor2d(embeddings)), distance).arraySync());
}

describe.each(names)('the miner %s', (name) => {
  it.each(distanceNames)('keeps what a triple loop keeps, on random batches with ties and duplicates (%s)', (distance) => {
    fc.assert(
      fc.property(batches, fc.constantFrom(0.05, 0.2, 1), (batch, margin) => {
        const distances = distancesOf(batch, distance);
        expect(mined(name, distances, batch.labels, margin)).toEqual(
          maskOf(mine(name, distances, batch.labels, margin), batch.labels.length),
        );
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it.each([
    ['duplicated embeddings', duplicates],
    ['two images in each of two classes', smallest],
  ])('agrees with the loop on %s', (_, batch) => {
    const distances = distancesOf(batch, 'euclidean');
    const expected = maskOf(mine(name, distances, batch.labels, 0.2), batch.labels.length);
    expect(mined(name, distances, batch.labels, 0.2)).toEqual(expected);
  });

  it('keeps nothing of a batch of one class, and nothing of classes with one image', () => {
    expect(mined(name, distancesOf(oneClass, 'euclidean'), oneClass.labels, 0.2)).toEqual(new Array(27).fill(0));
    expect(mined(name, distancesOf(noPositives, 'euclidean'), noPositives.labels, 0.2)).toEqual(new Array(27).fill(0));
  });
});

describe('where the rules differ', () => {
  // Row 0 is the anchor: its positive at 0.5; negatives at 0.375 (hard), 0.5 (a tie), 0.625 (semi-hard), 0.75 (the margin), 1 (easy).
  const labels = [0, 0, 1, 2, 3, 4, 5];
  const row = [0, 0.5, 0.375, 0.5, 0.625, 0.75, 1];
  const distances = row.map((_, i) => row.map((__, j) => (i === 0 ? row[j]! : j === 0 ? row[i]! : i === j ? 0 : 2)));
  const negativesOf = (name: MinerName): number[] => {
    const mask = mined(name, distances, labels, 0.25);
    return row.map((_, n) => n).filter((n) => mask[(0 * 7 + 1) * 7 + n] === 1);
  };

  it('semi-hard is strict on both sides', () => expect(negativesOf('semi-hard')).toEqual([4]));
  it('naive has no upper bound', () => expect(negativesOf('naive')).toEqual([4, 5, 6]));
  it('batch-hard takes the nearest negative, hard as it is', () => expect(negativesOf('batch-hard')).toEqual([2]));
  it('all takes every one', () => expect(negativesOf('all')).toEqual([2, 3, 4, 5, 6]));

  it('batch-hard takes the first index of equal distances', () => {
    const tied = [
      [0, 1, 1, 0.5, 0.5],
      [1, 0, 1, 0.5, 0.5],
      [1, 1, 0, 0.5, 0.5],
      [0.5, 0.5, 0.5, 0, 0],
      [0.5, 0.5, 0.5, 0, 0],
    ];
    expect(mined('batch-hard', tied, [0, 0, 0, 1, 1], 0.2)).toEqual(
      maskOf(
        [
          [0, 1, 3],
          [1, 0, 3],
          [2, 0, 3],
          [3, 4, 0],
          [4, 3, 0],
        ],
        5,
      ),
    );
  });
});

describe('selection', () => {
  it('counts a valid triplet for each anchor, other image of its class, and image of another class', () => {
    // P classes of K images: P·K anchors, K − 1 positives, (P − 1)·K negatives.
    const labels = Array.from({ length: 12 }, (_, i) => Math.floor(i / 3));
    expect(tf.tidy(() => tf.sum(validTriplets(tf.tensor1d(labels, 'int32'))).dataSync()[0])).toBe(12 * 2 * 9);
  });

  it.each(names)('lets no gradient through: %s', (name) => {
    const distances = tf.tensor2d(distancesOf(smallest, 'euclidean'));
    const labels = tf.tensor1d(smallest.labels, 'int32');
    const gradient = tf.grad((d) => {
      const mask: Tensor3D = miners.get(name)!(d as Tensor2D, labels, 0.2);
      return tf.add(tf.sum(tf.mul(tf.expandDims(d, 2), mask)), tf.mul(tf.sum(d), 0)) as Scalar;
    })(distances);
    // d/dD of Σ D[a,p]·mask with a constant mask: how often (a, p) is kept.
    const kept = mine(name, distancesOf(smallest, 'euclidean'), smallest.labels, 0.2);
    const expected = smallest.labels.map((_, a) =>
      smallest.labels.map((__, p) => kept.filter((t) => t[0] === a && t[1] === p).length),
    );
    expect(gradient.arraySync()).toEqual(expected);
  });

  it('withoutGradient makes a constant of what depends on the input', () => {
    const gradient = tf.grad((x) =>
      tf.mul(
        x,
        withoutGradient(() => tf.square(x)),
      ),
    )(tf.scalar(3));
    expect(gradient.dataSync()[0]).toBe(9);
  });
});
