import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DistanceName, pairwiseDistances, unitLength } from '../../src/losses/distances.js';
import { type TripletReduction, tripletLoss } from '../../src/losses/triplet.js';
import { type MinerName, miners } from '../../src/miners/registry.js';
import { backend, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { type Batch, batches, duplicates, noPositives, oneClass, smallest } from '../miners/batches.js';
import { lossOf, maskOf, mine } from '../miners/brute-force.js';
import { measure, relativeError } from './measure.js';

const minerNames: MinerName[] = [...miners.keys()];
const distanceNames: DistanceName[] = ['euclidean', 'squared-euclidean', 'cosine'];
const reductions: TripletReduction[] = ['kept', 'non-zero'];
const combinations = minerNames.flatMap((miner) =>
  distanceNames.flatMap((distance) => reductions.map((reduction) => ({ miner, distance, reduction }))),
);

describe.each(combinations)('the triplet loss: $miner, $distance, mean over $reduction', ({ miner, distance, reduction }) => {
  const agrees = ({ embeddings, labels }: Batch, margin: number): void => {
    const found = measure(embeddings, labels, { miner, distance, reduction, margin });
    // Selection compares float32 distances; what follows from it is double precision.
    const distances = tf.tidy(() => pairwiseDistances(unitLength(tf.tensor2d(embeddings)), distance).arraySync());
    const triplets = mine(miner, distances, labels, margin);
    // A term that is 0 but for rounding may count as non-zero on one side only, which no tolerance covers.
    fc.pre(triplets.every(([a, p, n]) => Math.abs(distances[a]![p]! - distances[a]![n]! + margin) > 1e-6));
    const expected = lossOf(triplets, embeddings, distance, margin, reduction);
    expect(found.kept).toBe(expected.kept);
    expect(found.active).toBe(expected.active);
    expect(Math.abs(found.loss - expected.loss)).toBeLessThan(2e-6);
    expect(relativeError(found.gradient, expected.gradient)).toBeLessThan(1e-5);
  };

  it('has the value and the gradient of a triple loop on random batches', () => {
    fc.assert(fc.property(batches, fc.constantFrom(0.07, 0.2, 0.9), agrees), { numRuns: 40, seed: 6 });
  });
  it('has them on duplicated embeddings', () => agrees(duplicates, 0.2));
  it('has them on two classes of two images', () => agrees(smallest, 0.2));

  it.each([
    ['one class', oneClass],
    ['classes of one image', noPositives],
  ])('is 0 with a gradient of 0 where no triplet is valid: %s', (_, batch) => {
    const { loss, kept, active, gradient } = measure(batch.embeddings, batch.labels, { miner, distance, reduction, margin: 0.2 });
    expect([loss, kept, active]).toEqual([0, 0, 0]);
    expect(gradient.flat().every((value) => value === 0)).toBe(true);
  });
});

interface Golden {
  margin: number;
  batches: {
    name: string;
    embeddings: number[][];
    labels: number[];
    cases: {
      distance: 'euclidean' | 'squared';
      miner: 'semihard' | 'all' | 'hard';
      reducer: 'mean' | 'nonzero';
      count: number;
      loss: number;
      unique: boolean;
      triplets: [number, number, number][] | null;
      gradient: number[][];
    }[];
  }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/triplet.json', import.meta.url), 'utf8')) as Golden;
const ours = { semihard: 'semi-hard', all: 'all', hard: 'batch-hard' } as const;
const goldenCases = golden.batches.flatMap(({ name, embeddings, labels, cases }) =>
  cases.map((c) => ({ batch: name, embeddings, labels, ...c })),
);

describe.each(goldenCases)('pytorch-metric-learning, batch $batch: $miner, $distance, $reducer', (c) => {
  // Its miner `all` drops the easy triplets itself, so its mean over the kept ones is ours over the non-zero ones.
  const reduction = c.reducer === 'nonzero' || c.miner === 'all' ? 'non-zero' : 'kept';
  const distance = c.distance === 'squared' ? 'squared-euclidean' : 'euclidean';
  const found = measure(c.embeddings, c.labels, { miner: ours[c.miner], distance, reduction, margin: golden.margin });

  it('keeps as many triplets and has the loss', () => {
    expect(c.miner === 'all' ? found.active : found.kept).toBe(c.count);
    expect(Math.abs(found.loss / c.loss - 1)).toBeLessThan(2e-6);
  });
  it(
    c.unique
      ? 'has the gradient'
      : 'has a finite gradient (a tie leaves the choice of triplet, and so the gradient, to each library)',
    () => {
      expect(found.gradient.flat().every(Number.isFinite)).toBe(true);
      if (c.unique) expect(relativeError(found.gradient, c.gradient)).toBeLessThan(1e-5);
    },
  );
});

describe.each(goldenCases.filter((c) => c.triplets !== null && c.miner !== 'all' && c.unique))(
  'pytorch-metric-learning, batch $batch: $miner, $distance',
  (c) => {
    it('keeps the very same triplets', () => {
      const kept = tf.tidy(() => {
        const distances = pairwiseDistances(
          unitLength(tf.tensor2d(c.embeddings)),
          c.distance === 'squared' ? 'squared-euclidean' : 'euclidean',
        );
        return [...miners.get(ours[c.miner])!(distances, tf.tensor1d(c.labels, 'int32'), golden.margin).dataSync()];
      });
      expect(kept).toEqual(maskOf(c.triplets!, c.labels.length));
    });
  },
);

describe('docs/semi-hard.md', () => {
  const docs = readFileSync(new URL('../../docs/semi-hard.md', import.meta.url), 'utf8');
  const { embeddings, labels } = golden.batches.find(({ name }) => name === 'general')!;

  it.each(minerNames.flatMap((miner) => (['euclidean', 'squared-euclidean'] as const).map((distance) => ({ miner, distance }))))(
    'holds the measured row of $miner, $distance',
    (pair) => {
      const [kept, nonZero] = reductions.map((reduction) =>
        measure(embeddings, labels, { ...pair, reduction, margin: golden.margin }),
      );
      const count = (value: number): string => value.toLocaleString('en-US');
      const counts = `${count(kept!.kept)} | ${kept!.active}`;
      const losses = `${kept!.loss.toFixed(4)} | ${nonZero!.loss.toFixed(4)}`;
      const start = `| ${pair.miner} | ${pair.distance} |`;
      expect(docs.split('\n').find((line) => line.startsWith(start))).toBe(`${start} ${counts} | ${losses} |`);
    },
  );
});

describe('a triplet step', () => {
  it('reads nothing back to the host, so that it can be traced', () => {
    const reads: string[] = [];
    const { embeddings, labels } = golden.batches[0]!;
    const [rows, classes] = [tf.tensor2d(embeddings), tf.tensor1d(labels, 'int32')];
    const native = backend();
    const readSync = native.readSync;
    native.readSync = (id) => {
      reads.push('read');
      return readSync.call(native, id);
    };
    try {
      for (const { miner, distance, reduction } of combinations) {
        tf.tidy(
          () =>
            tf.grad((x) => {
              const distances = pairwiseDistances(unitLength(x as Tensor2D), distance);
              return tripletLoss(distances, miners.get(miner)!(distances, classes, 0.2), 0.2, reduction).loss;
            })(rows) && undefined,
        );
      }
    } finally {
      native.readSync = readSync;
    }
    expect(reads).toEqual([]);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    measure(smallest.embeddings, smallest.labels, { miner: 'batch-hard', distance: 'euclidean', reduction: 'kept', margin: 0.2 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('stays finite when every embedding is the same (a collapse), with the loss at the margin', () => {
    const { loss, gradient } = measure(new Array(6).fill([0.5, 0.25]), [0, 0, 1, 1, 2, 2], {
      miner: 'all',
      distance: 'euclidean',
      reduction: 'kept',
      margin: 0.25,
    });
    expect(loss).toBe(0.25);
    expect(gradient.flat().every((value) => value === 0)).toBe(true);
  });

  it('passes a not-a-number on into the loss instead of hiding it', () => {
    const { loss } = measure(
      [
        [Number.NaN, 1],
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      [0, 0, 1, 1],
      { miner: 'semi-hard', distance: 'euclidean', reduction: 'kept', margin: 0.2 },
    );
    expect(loss).toBeNaN();
  });
});
