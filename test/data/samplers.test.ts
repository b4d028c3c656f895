import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPk, pkBatches, shuffledBatches, stepsOfPk } from '../../src/data/samplers.js';

const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 2, maxLength: 24 });

/** Samples 1000, 1001, … of classes with the given sizes, interleaved by a stride so that classes are not runs. */
function made(classSizes: number[]): { samples: Int32Array; labels: Int32Array } {
  const labels = Int32Array.from(classSizes.flatMap((size, label) => new Array<number>(size).fill(label * 3)));
  return { samples: labels.map((_, i) => 1000 + ((i * 7) % labels.length) * 100 + i), labels };
}

describe('shuffledBatches', () => {
  it('drops the last, partial batch and gives no image twice in an epoch', () => {
    const samples = Int32Array.from({ length: 103 }, (_, i) => 2 * i);
    const batches = shuffledBatches(samples, 10, 1, 0);
    expect(batches.map((batch) => batch.length)).toEqual(new Array(10).fill(10));
    const seen = batches.flatMap((batch) => [...batch]);
    expect(new Set(seen).size).toBe(100);
    expect(seen.every((sample) => sample % 2 === 0 && sample < 206)).toBe(true);
  });

  it('makes one smaller batch of fewer images than a batch holds', () => {
    const batches = shuffledBatches(Int32Array.of(5, 6, 7), 32, 1, 0);
    expect(batches.map((batch) => [...batch].sort())).toEqual([[5, 6, 7]]);
  });

  it('is the same for the same seed and epoch, and another order in the next epoch', () => {
    const samples = Int32Array.from({ length: 64 }, (_, i) => i);
    expect(shuffledBatches(samples, 8, 1, 4)).toEqual(shuffledBatches(samples, 8, 1, 4));
    expect(shuffledBatches(samples, 8, 1, 4)).not.toEqual(shuffledBatches(samples, 8, 1, 5));
  });
});

describe('pkBatches', () => {
  it('makes batches of P different classes with K images each, about as many images as there are', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 5 }), fc.nat(99), (classSizes, p, k, seed) => {
        fc.pre(p <= classSizes.length);
        const { samples, labels } = made(classSizes);
        const labelOf = new Map([...samples].map((sample, i) => [sample, labels[i]]));
        const batches = pkBatches(samples, labels, p, k, seed, 0);
        expect(batches.length).toBe(stepsOfPk(samples.length, p, k));
        for (const batch of batches) {
          expect(batch.length).toBe(p * k);
          const classes = [...batch].map((sample) => labelOf.get(sample));
          expect(new Set(classes).size).toBe(p);
          for (let i = 0; i < p; i++) {
            const group = [...batch.slice(i * k, (i + 1) * k)];
            expect(new Set(group.map((sample) => labelOf.get(sample))).size).toBe(1);
            const size = classSizes[(labelOf.get(group[0] as number) as number) / 3] as number;
            expect(new Set(group).size).toBe(Math.min(size, k)); // repeats only where the class is too small
          }
        }
      }),
    );
  });

  it('brings every class once before any class twice', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 2, max: 6 }), fc.nat(99), (classSizes, p, seed) => {
        fc.pre(p <= classSizes.length);
        const { samples, labels } = made(classSizes);
        const labelOf = new Map([...samples].map((sample, i) => [sample, labels[i]]));
        const drawn = pkBatches(samples, labels, p, 2, seed, 1).flatMap((batch) => [...batch].filter((_, i) => i % 2 === 0));
        const round = drawn.slice(0, classSizes.length).map((sample) => labelOf.get(sample));
        expect(new Set(round).size).toBe(round.length);
      }),
    );
  });

  it('counts steps as the peer does: 3,188 images of 797 classes, 16 × 4, are 50 steps', () => {
    const { samples, labels } = made(new Array(797).fill(4));
    const batches = pkBatches(samples, labels, 16, 4, 0, 0);
    expect(batches.length).toBe(50);
    expect(new Set(batches.slice(0, 49).flatMap((batch) => [...batch])).size).toBe(49 * 64);
  });

  it('depends on seed and epoch alone', () => {
    const { samples, labels } = made([4, 4, 4, 4, 4]);
    expect(pkBatches(samples, labels, 3, 2, 5, 2)).toEqual(pkBatches(samples, labels, 3, 2, 5, 2));
    expect(pkBatches(samples, labels, 3, 2, 5, 2)).not.toEqual(pkBatches(samples, labels, 3, 2, 5, 3));
    expect(pkBatches(samples, labels, 3, 2, 5, 2)).not.toEqual(pkBatches(samples, labels, 3, 2, 6, 2));
  });

  it('refuses what can never make a triplet, and says what to set', () => {
    const labels = Int32Array.of(0, 0, 1, 1, 2, 2);
    expect(() => checkPk(labels, 2, 1)).toThrow(
      'the sampler can never make a triplet: with 1 image a class no anchor has a positive',
    );
    expect(() => checkPk(labels, 1, 2)).toThrow(
      'the sampler can never make a triplet: with 1 class a batch no anchor has a negative',
    );
    expect(() => checkPk(labels, 4, 2)).toThrow('set triplet.classesPerBatch to 3');
    expect(() => checkPk(labels, 3, 2)).not.toThrow();
  });
});
