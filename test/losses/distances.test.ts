import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairwiseDistances, unitLength } from '../../src/losses/distances.js';
import { meanDistances } from '../../src/losses/mean-distances.js';
import { type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { batches } from '../miners/batches.js';

const names = ['euclidean', 'squared-euclidean', 'cosine'] as const;

/** Largest difference of two matrices. */
function apart(a: number[][], b: number[][]): number {
  return Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - (b[i] as number[])[j]!))));
}

function distanceLoop(rows: number[][], name: (typeof names)[number]): number[][] {
  return rows.map((a) =>
    rows.map((b) => {
      const squared = a.reduce((sum, value, k) => sum + (value - b[k]!) ** 2, 0);
      return { euclidean: Math.sqrt(squared), 'squared-euclidean': squared, cosine: squared / 2 }[name];
    }),
  );
}

describe.each(names)('pairwise distances, %s', (name) => {
  it('are those of a double loop, symmetric with a diagonal of exactly 0', () => {
    fc.assert(
      fc.property(batches, ({ embeddings }) => {
        const found = tf.tidy(() => pairwiseDistances(tf.tensor2d(embeddings), name).arraySync());
        expect(apart(found, distanceLoop(embeddings, name))).toBeLessThan(4e-6);
        found.forEach((row, i) => {
          expect(row[i]).toBe(0);
          row.forEach((value, j) => expect(value).toBe(found[j]![i]));
        });
      }),
      { numRuns: 40, seed: 2 },
    );
  });

  it('have the gradient of a double loop, 0 between equal rows', () => {
    fc.assert(
      fc.property(batches, ({ embeddings }) => {
        const weight = (i: number, j: number): number => Math.sin(3 * i + 5 * j + 1); // not symmetric
        const found = tf.tidy(() => {
          const weights = tf.tensor2d(embeddings.map((_, i) => embeddings.map((__, j) => weight(i, j))));
          return tf
            .grad((x) => tf.sum(tf.mul(pairwiseDistances(x as Tensor2D, name), weights)))(tf.tensor2d(embeddings))
            .arraySync() as number[][];
        });
        const distances = distanceLoop(embeddings, name);
        const expected = embeddings.map((row, i) =>
          row.map((value, k) =>
            embeddings.reduce((sum, other, j) => {
              const d = distances[i]![j]!;
              const slope = { euclidean: d === 0 ? 0 : 1 / d, 'squared-euclidean': 2, cosine: 1 }[name];
              return sum + (weight(i, j) + weight(j, i)) * slope * (value - other[k]!);
            }, 0),
          ),
        );
        expect(apart(found, expected)).toBeLessThan(2e-5);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it('keep the digits of a pair that is 1e-5 apart', () => {
    const row = [0.6, 0.8, 0].map(Math.fround);
    const near = [row[0]!, row[1]!, Math.fround(1e-5)];
    const found = tf.tidy(() => pairwiseDistances(tf.tensor2d([row, near]), name).arraySync())[0]![1]!;
    const expected = { euclidean: 1e-5, 'squared-euclidean': 1e-10, cosine: 5e-11 }[name];
    expect(Math.abs(found / expected - 1)).toBeLessThan(1e-6);
  });

  it('have a finite gradient where every row is the same', () => {
    const gradient = tf.tidy(() =>
      tf
        .grad((x) => tf.sum(pairwiseDistances(x as Tensor2D, name)))(tf.fill([4, 3], 0.5))
        .dataSync(),
    );
    expect([...gradient]).toEqual(new Array(12).fill(0));
  });
});

describe('unit length', () => {
  it('divides each row by its length and gives the gradient of that', () => {
    fc.assert(
      fc.property(batches, ({ embeddings }) => {
        const weight = (i: number, k: number): number => Math.cos(7 * i + 2 * k);
        const [found, gradient] = tf.tidy(() => {
          const x = tf.tensor2d(embeddings);
          const weights = tf.tensor2d(embeddings.map((row, i) => row.map((_, k) => weight(i, k))));
          return [
            unitLength(x).arraySync(),
            tf
              .grad((z) => tf.sum(tf.mul(unitLength(z as Tensor2D), weights)))(x)
              .arraySync() as number[][],
          ];
        });
        const expected = embeddings.map((row) => {
          const length = Math.hypot(...row);
          return row.map((value) => (length === 0 ? 0 : value / length));
        });
        expect(apart(found, expected)).toBeLessThan(1e-6);
        const slope = embeddings.map((row, i) => {
          const length = Math.hypot(...row);
          const along = row.reduce((sum, _, k) => sum + weight(i, k) * expected[i]![k]!, 0);
          return row.map((_, k) => (length === 0 ? 0 : (weight(i, k) - along * expected[i]![k]!) / length));
        });
        const scale = Math.max(1, ...slope.flat().map(Math.abs));
        expect(apart(gradient, slope) / scale).toBeLessThan(2e-6);
      }),
      { numRuns: 40, seed: 4 },
    );
  });

  it('leaves a row of zeros at zero, with a gradient of 0', () => {
    const x = tf.tensor2d([
      [0, 0],
      [3, 4],
    ]);
    expect(unitLength(x).arraySync()[0]).toEqual([0, 0]);
    expect(
      (
        tf
          .grad((z) => tf.sum(unitLength(z as Tensor2D)))(x)
          .arraySync() as number[][]
      )[0],
    ).toEqual([0, 0]);
  });
});

describe('mean distances', () => {
  const distances = [
    [0, 1, 2, 3],
    [1, 0, 4, 5],
    [2, 4, 0, 6],
    [3, 5, 6, 0],
  ];
  const means = (labels: number[]): number[] =>
    tf.tidy(() => {
      const { positive, negative } = meanDistances(tf.tensor2d(distances), tf.tensor1d(labels, 'int32'));
      return [positive.dataSync()[0]!, negative.dataSync()[0]!];
    });

  it('are over pairs of one class and over pairs of two', () => expect(means([0, 0, 1, 1])).toEqual([3.5, 3.5]));
  it('weigh every pair the same', () => expect(means([0, 0, 0, 1])).toEqual([Math.fround(14 / 6), Math.fround(28 / 6)]));
  it('are 0 where there is no such pair', () => {
    expect(means([0, 1, 2, 3])[0]).toBe(0);
    expect(means([5, 5, 5, 5])[1]).toBe(0);
  });
});
