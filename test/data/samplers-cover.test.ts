import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDataset } from '../../src/data/dataset.js';
import { randomStream } from '../../src/data/random.js';
import { balancedBatches } from '../../src/data/samplers-balanced.js';
import { indexClasses, membersOf } from '../../src/data/samplers-classes.js';
import { coveringBatches } from '../../src/data/samplers-cover.js';
import { coverageOf } from '../../src/data/samplers-coverage.js';
import { levelsOfClasses } from '../../src/data/samplers-levels.js';
import { WeightedDraw } from '../../src/data/samplers-weighted.js';

const sizes = fc.array(fc.integer({ min: 1, max: 23 }), { minLength: 2, maxLength: 20 });

/** Samples 1000, 1001, … of classes 0, 3, 6, … with the given sizes, not in runs. */
function made(classSizes: readonly number[]): { samples: Int32Array; labels: Int32Array; labelOf: Map<number, number> } {
  const runs = classSizes.flatMap((size, label) => new Array<number>(size).fill(label * 3));
  const order = runs.map((_, i) => i).sort((a, b) => ((a * 7919) % 1009) - ((b * 7919) % 1009) || a - b);
  const labels = Int32Array.from(order, (i) => runs[i] as number);
  const samples = labels.map((_, i) => 1000 + i);
  return { samples, labels, labelOf: new Map([...samples].map((sample, i) => [sample, labels[i] as number])) };
}
/** The definition of the length of an epoch, summed up once more. */
function stepsByFormula(classSizes: readonly number[], p: number, k: number): number {
  let groups = 0;
  for (const size of classSizes) groups += Math.floor((size + k - 1) / k);
  return Math.max(1, Math.floor((groups + p - 1) / p));
}
const times = (draws: Iterable<number>) => {
  const counts = new Map<number, number>();
  for (const draw of draws) counts.set(draw, (counts.get(draw) ?? 0) + 1);
  return counts;
};

describe('covering P×K batches', () => {
  const cases = fc.tuple(sizes, fc.integer({ min: 2, max: 8 }), fc.integer({ min: 2, max: 6 }), fc.nat(1000), fc.nat(5));

  it('hold P different classes with K images each, and repeat an image in a group only where the class is smaller', () => {
    fc.assert(
      fc.property(cases, ([classSizes, p, k, seed, epoch]) => {
        fc.pre(p <= classSizes.length);
        const { samples, labels, labelOf } = made(classSizes);
        const batches = coveringBatches(samples, labels, p, k)(seed, epoch);
        expect(batches.length).toBe(stepsByFormula(classSizes, p, k));
        for (const batch of batches) {
          expect(batch.length).toBe(p * k);
          const classes = new Set<number>();
          for (let i = 0; i < p; i++) {
            const group = [...batch.subarray(i * k, (i + 1) * k)];
            const label = labelOf.get(group[0] as number) as number;
            classes.add(label);
            expect(group.every((sample) => labelOf.get(sample) === label)).toBe(true);
            const size = classSizes[label / 3] as number;
            expect(new Set(group).size).toBe(Math.min(size, k));
            const counts = [...times(group).values()];
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
          expect(classes.size).toBe(p);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('draw every image of a class that has no more groups than there are batches', () => {
    fc.assert(
      fc.property(cases, ([classSizes, p, k, seed, epoch]) => {
        fc.pre(p <= classSizes.length);
        const { samples, labels, labelOf } = made(classSizes);
        const batches = coveringBatches(samples, labels, p, k)(seed, epoch);
        const drawn = new Set(batches.flatMap((batch) => [...batch]));
        let possible = 0;
        for (const [label, size] of classSizes.entries()) {
          const ofClass = [...drawn].filter((sample) => labelOf.get(sample) === label * 3).length;
          expect(ofClass).toBe(Math.min(size, batches.length * k));
          possible += ofClass;
        }
        expect(coverageOf(batches, samples)).toEqual({
          drawn: possible,
          of: samples.length,
          repeats: batches.length * p * k - possible,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('let the images of a class that is too large take turns: all are drawn after ⌈n / (batches · K)⌉ epochs', () => {
    const classSizes = [100, 4, 4, 4];
    const { samples, labels } = made(classSizes);
    const sampler = coveringBatches(samples, labels, 4, 4);
    const steps = sampler(1, 0).length;
    expect(steps).toBe(7);
    const reached = (epochs: number) =>
      coverageOf(Array.from({ length: epochs }, (_, epoch) => sampler(1, epoch)).flat(), samples).drawn;
    expect([reached(1), reached(2), reached(3), reached(4)]).toEqual([28 + 12, 56 + 12, 84 + 12, 112]);
  });

  it('have no repeat at all where the sizes are multiples of K and the groups of P', () => {
    const { samples, labels } = made([8, 4, 12, 4, 4, 4]);
    expect(coverageOf(coveringBatches(samples, labels, 3, 4)(3, 2), samples)).toEqual({ drawn: 36, of: 36, repeats: 0 });
  });

  it('depend on seed and epoch alone', () => {
    const { samples, labels } = made([9, 4, 7, 4, 5]);
    const sampler = coveringBatches(samples, labels, 3, 2);
    const [first, other] = [sampler(5, 2), sampler(5, 3)];
    expect(coveringBatches(samples, labels, 3, 2)(5, 2)).toEqual(first);
    expect(sampler(5, 2)).toEqual(first);
    expect(other).not.toEqual(first);
    expect(sampler(6, 2)).not.toEqual(first);
  });

  it('bring each two classes together about equally often', () => {
    const { samples, labels, labelOf } = made(new Array(12).fill(8));
    const sampler = coveringBatches(samples, labels, 4, 4);
    const met = new Map<string, number>();
    for (let epoch = 0; epoch < 200; epoch++) {
      for (const batch of sampler(1, epoch)) {
        const classes = [...new Set([...batch].map((sample) => labelOf.get(sample) as number))].sort((a, b) => a - b);
        for (const a of classes) for (const b of classes) if (a < b) met.set(`${a} ${b}`, (met.get(`${a} ${b}`) ?? 0) + 1);
      }
    }
    // 200 epochs × 6 batches × 6 pairs in 66 kinds: 109 each.
    expect(met.size).toBe(66);
    for (const count of met.values()) expect(Math.abs(count - 7200 / 66)).toBeLessThan(45);
  });
});

describe('hierarchical batches', () => {
  const classSizes = new Array<number>(24).fill(4);
  const { samples, labels, labelOf } = made(classSizes);
  const levelOf = (label: number) => (label / 3) % 4;

  /** The most classes of one level in each batch. */
  const together = (share: number, seed: number) =>
    coveringBatches(samples, labels, 6, 4, { levelOf, share })(seed, 0).map((batch) => {
      const levels = [...new Set([...batch].map((sample) => labelOf.get(sample) as number))].map(levelOf);
      return Math.max(...times(levels).values());
    });

  it('hold the share of one level as long as there are so many left, and still draw every image', () => {
    for (let seed = 0; seed < 20; seed++) {
      const [first] = together(0.5, seed);
      expect(first).toBeGreaterThanOrEqual(3);
      expect(together(1, seed)[0]).toBe(6); // six classes of each level
      const batches = coveringBatches(samples, labels, 6, 4, { levelOf, share: 0.5 })(seed, 0);
      expect(coverageOf(batches, samples)).toEqual({ drawn: 96, of: 96, repeats: 0 });
    }
    const mean = (share: number) => {
      const all = Array.from({ length: 100 }, (_, seed) => together(share, seed)).flat();
      return all.reduce((sum, count) => sum + count, 0) / all.length;
    };
    expect(mean(1)).toBeGreaterThan(5.9); // level after level
    expect(mean(0.5)).toBeGreaterThan(mean(0) + 0.4);
  });

  it('are those of chance with a share of 0, P different classes each', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 2, max: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(99),
        (all, p, share, seed) => {
          fc.pre(p <= all.length);
          const set = made(all);
          const batches = coveringBatches(set.samples, set.labels, p, 3, { levelOf: (label) => label % 2, share })(seed, 1);
          for (const batch of batches) expect(new Set([...batch].map((sample) => set.labelOf.get(sample))).size).toBe(p);
          const drawn = coverageOf(batches, set.samples).drawn;
          expect(drawn).toBe(all.reduce((sum, size) => sum + Math.min(size, batches.length * 3), 0));
        },
      ),
    );
  });
});

describe('the levels of classes', () => {
  const image = (file: string, className: string, levels?: Record<string, string>) => ({
    ...{ file, className, path: `/${file}`, sha256: file },
    ...(levels === undefined ? {} : { levels }),
  });
  const part = (dataset: ReturnType<typeof createDataset>) => ({
    classes: dataset.classes.map((_, i) => i),
    samples: Int32Array.from(dataset.samples.keys()),
  });
  const of = (images: ReturnType<typeof image>[], level: string | null = null) => {
    const dataset = createDataset('set', images, []);
    return [...levelsOfClasses(dataset, part(dataset), level)].sort(([a], [b]) => a - b).map(([, number]) => number);
  };

  it('are numbered by name, and the only level needs no name', () => {
    const images = ['fuji:apple', 'gala:apple', 'lemon:citrus', 'lime:citrus'].map((text) => {
      const [name, coarse] = text.split(':') as [string, string];
      return image(`${name}/1.jpg`, name, { coarse });
    });
    expect(of(images)).toEqual([0, 0, 1, 1]);
    expect(of(images, 'coarse')).toEqual([0, 0, 1, 1]);
    expect(() => of(images, 'corse')).toThrow("unknown level 'corse'\n  expected: coarse\n  do this:  did you mean 'coarse'?");
  });

  it('that are not there, or not clear, are said', () => {
    expect(() => of([image('a/1.jpg', 'a'), image('b/1.jpg', 'b')])).toThrow('the images have none');
    const two = { shop: 'x', coarse: 'y' };
    expect(() => of([image('a/1.jpg', 'a', two)])).toThrow('expected: one of coarse, shop');
    expect(() => of([image('a/1.jpg', 'a', { c: 'x' }), image('a/2.jpg', 'a', { c: 'y' })])).toThrow(
      'the images of the class a do not agree on their c',
    );
    expect(() => of([image('a/1.jpg', 'a', { c: 'x' }), image('b/2.jpg', 'b', { c: 'x' })])).toThrow('the same c');
    expect(() => of([image('a/1.jpg', 'a', { c: 'x' }), image('b/2.jpg', 'b')])).toThrow('b/2.jpg has no c');
  });
});

describe('class-balanced batches', () => {
  it('bring every class equally often, as many images as a shuffled epoch has', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 16 }), fc.nat(99), fc.nat(4), (classSizes, batch, seed, epoch) => {
        const { samples, labels, labelOf } = made(classSizes);
        const batches = balancedBatches(samples, labels, batch)(seed, epoch);
        const n = samples.length;
        expect(batches.length).toBe(Math.max(1, Math.floor(n / batch)));
        const draws = batches.flatMap((one) => [...one]);
        expect(draws.length).toBe(batches.length * Math.min(n, batch));
        const perClass = classSizes.map((_, c) => draws.filter((sample) => labelOf.get(sample) === 3 * c).length);
        expect(Math.max(...perClass) - Math.min(...perClass)).toBeLessThanOrEqual(1);
        for (const [c, size] of classSizes.entries()) {
          const counts = times(draws.filter((sample) => labelOf.get(sample) === 3 * c));
          const each = [...counts.values(), ...(counts.size < size ? [0] : [])];
          expect(Math.max(...each, 0) - Math.min(...each, Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('reach every image of a large class over the epochs, and another order in each', () => {
    const { samples, labels } = made([50, 5, 5]);
    const sampler = balancedBatches(samples, labels, 10);
    expect(coverageOf(sampler(0, 0), samples).drawn).toBeLessThan(35);
    expect(coverageOf([...sampler(0, 0), ...sampler(0, 1), ...sampler(0, 2)], samples).drawn).toBe(60);
    expect(sampler(0, 1)).toEqual(balancedBatches(samples, labels, 10)(0, 1));
    expect(sampler(0, 1)).not.toEqual(sampler(0, 2));
  });
});

describe('the parts of the samplers', () => {
  it('index classes as a map of lists does', () => {
    const { samples, labels } = made([3, 1, 5, 2]);
    const index = indexClasses(samples, labels);
    const lists = new Map<number, number[]>();
    labels.forEach((label, i) => lists.set(label, [...(lists.get(label) ?? []), samples[i] as number]));
    expect([...index.labels]).toEqual([...lists.keys()].sort((a, b) => a - b));
    index.labels.forEach((label, place) => expect([...membersOf(index, place)]).toEqual(lists.get(label)));
  });

  it('draw in proportion to weights that change, also from a range', () => {
    const stream = randomStream(3, 'shuffle');
    const draw = new WeightedDraw(Int32Array.of(1, 0, 5, 2, 0, 3, 7));
    draw.set(6, 0);
    draw.set(1, 4);
    const weights = [1, 4, 5, 2, 0, 3, 0];
    const counts = (from?: number, to?: number) => times(Array.from({ length: 6000 }, () => draw.draw(stream, from, to)));
    expect([draw.total(), draw.total(1, 4), draw.weight(1)]).toEqual([15, 11, 4]);
    for (const [item, count] of counts()) expect(Math.abs(count - (6000 * (weights[item] as number)) / 15)).toBeLessThan(150);
    const range = counts(1, 4);
    expect([...range.keys()].sort()).toEqual([1, 2, 3]);
    for (const [item, count] of range) expect(Math.abs(count - (6000 * (weights[item] as number)) / 11)).toBeLessThan(150);
  });

  it('sample 200,000 images of 50,000 classes in seconds', () => {
    const labels = Int32Array.from({ length: 200_000 }, (_, i) => i >> 2);
    const samples = Int32Array.from(labels.keys());
    const started = performance.now();
    const batches = coveringBatches(samples, labels, 16, 4)(0, 0);
    expect(coverageOf(batches, samples)).toEqual({ drawn: 200_000, of: 200_000, repeats: 0 });
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
