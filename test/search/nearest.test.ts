import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest, verdictOf } from '../../src/search/nearest.js';

/** Every row compared, all of them sorted: the definition. */
function byLoop(gallery: Float32Array, dimensions: number, query: Float32Array, top: number, skip: ReadonlySet<number>) {
  const all = [];
  for (let row = 0; row < gallery.length / dimensions; row++) {
    let similarity = 0;
    for (let i = 0; i < dimensions; i++) similarity += (gallery[row * dimensions + i] as number) * (query[i] as number);
    if (!skip.has(row)) all.push({ row, similarity });
  }
  const sorted = all.sort((a, b) => b.similarity - a.similarity || a.row - b.row).slice(0, top);
  return sorted.map(({ row, similarity }) => ({ row, similarity: Math.min(1, Math.max(-1, similarity)) }));
}

describe('nearest', () => {
  it('gives what a loop over all rows gives, equal ones by row', () => {
    // Quarters add up without rounding, so that ties are ties in any order of addition.
    const quarter = fc.integer({ min: -4, max: 4 }).map((value) => value / 4);
    const property = fc.property(
      fc.integer({ min: 1, max: 9 }).chain((dimensions) =>
        fc.record({
          dimensions: fc.constant(dimensions),
          rows: fc.array(fc.array(quarter, { minLength: dimensions, maxLength: dimensions }), { maxLength: 40 }),
          query: fc.array(quarter, { minLength: dimensions, maxLength: dimensions }),
          top: fc.integer({ min: 1, max: 12 }),
          skip: fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 5 }),
        }),
      ),
      ({ dimensions, rows, query, top, skip }) => {
        const gallery = Float32Array.from(rows.flat());
        const asked = Float32Array.from(query);
        expect(nearest(gallery, dimensions, asked, top, new Set(skip))).toEqual(
          byLoop(gallery, dimensions, asked, top, new Set(skip)),
        );
      },
    );
    fc.assert(property, { numRuns: 300, seed: 1 });
  });

  it('tells no cosine beyond 1 and −1, where rounding puts the product there', () => {
    // Thirds in single precision: of unit length but for rounding.
    const one = Float32Array.from([2 / 3, 2 / 3, 1 / 3]);
    const product = one.reduce((sum, value) => sum + value * value, 0);
    expect(product).toBeGreaterThan(1);
    expect(nearest(one, 3, one, 1)).toEqual([{ row: 0, similarity: 1 }]);
    expect(
      nearest(
        one,
        3,
        one.map((value) => -value),
        1,
      ),
    ).toEqual([{ row: 0, similarity: -1 }]);
  });

  it('refuses a query of another length', () => {
    expect(() => nearest(new Float32Array(8), 4, new Float32Array(3), 1)).toThrow('a query of 3 numbers for a gallery of 4');
  });
});

describe('a verdict', () => {
  const at = { threshold: 0.7, low: 0.65, high: 0.74 };
  it('is open inside the interval of the threshold', () => {
    expect(verdictOf(0.75, at)).toBe('same');
    expect(verdictOf(0.74, at)).toBe('near the threshold');
    expect(verdictOf(0.65, at)).toBe('near the threshold');
    expect(verdictOf(0.64, at)).toBe('not the same');
  });
  it('is decided by the threshold alone where it has no interval', () => {
    const bare = { threshold: 0.7, low: Number.NaN, high: Number.NaN };
    expect(verdictOf(0.71, bare)).toBe('same');
    expect(verdictOf(0.69, bare)).toBe('not the same');
  });
});
