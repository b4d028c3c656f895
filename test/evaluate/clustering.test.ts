import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kMeans } from '../../src/evaluate/k-means.js';
import { agreement } from '../../src/evaluate/mutual-information.js';
import { classesOf } from '../losses/synthetic.js';
import { golden } from './golden.js';

describe.each(golden.clusters.map((expected, index) => ({ index, expected })))('two labellings, pair $index', ({ expected }) => {
  it('agree as much as scikit-learn says', () => {
    const { nmi, ami } = agreement(expected.truth, expected.found);
    expect(nmi).toBeCloseTo(expected.nmi, 10);
    expect(ami).toBeCloseTo(expected.ami, 10);
  });
});

describe('agreement', () => {
  it('does not depend on names or on which comes first', () => {
    const { truth, found } = golden.clusters[1]!;
    const renamed = agreement(truth.map((label) => 1000 - 7 * label), found); // biome-ignore format: one call
    expect(renamed.ami).toBeCloseTo(agreement(found, truth).ami, 12);
    expect(renamed.nmi).toBeCloseTo(agreement(truth, found).nmi, 12);
  });

  it('is 1 for the same partition', () => {
    const { nmi, ami } = agreement([5, 5, 1, 2, 2], [0, 0, 9, 4, 4]);
    expect(nmi).toBeCloseTo(1, 12);
    expect(ami).toBeCloseTo(1, 12);
  });
});

/** Σ of squared distances to the nearest centre of gravity, by loops. */
function inertiaOf(rows: number[][], assignments: ArrayLike<number>): number {
  let sum = 0;
  for (const cluster of new Set(Array.from(assignments))) {
    const own = rows.filter((_, row) => assignments[row] === cluster);
    const centre = own[0]!.map((_, d) => own.reduce((total, row) => total + row[d]!, 0) / own.length);
    for (const row of own) sum += row.reduce((total, value, d) => total + (value - centre[d]!) ** 2, 0);
  }
  return sum;
}

describe('k-means', () => {
  it('finds classes that lie apart', () => {
    const { embeddings, labels } = classesOf(9, 12, 16, 0.15, 3);
    const { assignments } = kMeans(Float64Array.from(embeddings.flat()), 16, 9, { seed: 1, starts: 3 });
    expect(agreement(labels, assignments).ami).toBeCloseTo(1, 12);
  });

  it('ends where no row is nearer to another centre of gravity, with that inertia', () => {
    const grid = fc.array(fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 })), {
      minLength: 4,
      maxLength: 30,
    });
    fc.assert(
      fc.property(grid, fc.integer({ min: 1, max: 4 }), fc.nat(50), (rows, clusters, seed) => {
        const { assignments, inertia, rounds } = kMeans(Float64Array.from(rows.flat()), 2, clusters, { seed });
        expect(rounds).toBeLessThan(300);
        expect(inertia).toBeCloseTo(inertiaOf(rows, assignments), 6);
        for (let row = 0; row < rows.length; row++) {
          for (const other of new Set(assignments)) {
            if (other === assignments[row]) continue;
            const centre = (cluster: number) => {
              const own = rows.filter((_, i) => assignments[i] === cluster);
              return [0, 1].map((d) => own.reduce((sum, point) => sum + point[d]!, 0) / own.length);
            };
            const square = (cluster: number) => centre(cluster).reduce((sum, value, d) => sum + (value - rows[row]![d]!) ** 2, 0);
            expect(square(assignments[row]!)).toBeLessThanOrEqual(square(other) + 1e-9);
          }
        }
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  it('is the same for the same seed, and no worse with more starts', () => {
    const rows = Float64Array.from(classesOf(12, 6, 8, 1, 4).embeddings.flat());
    const once = kMeans(rows, 8, 12, { seed: 5 });
    expect(kMeans(rows, 8, 12, { seed: 5 })).toEqual(once);
    expect(kMeans(rows, 8, 12, { seed: 5, starts: 8 }).inertia).toBeLessThanOrEqual(once.inertia);
  });

  it('copes with more clusters than distinct rows, and with a single one', () => {
    const rows = Float64Array.of(1, 1, 1, 1, 2, 2);
    expect(kMeans(rows, 2, 3, { seed: 0 }).inertia).toBe(0);
    expect([...kMeans(rows, 2, 1, { seed: 0 }).assignments]).toEqual([0, 0, 0]);
    expect(() => kMeans(rows, 2, 4, { seed: 0 })).toThrow('3 rows cannot be put into 4 clusters');
  });
});
