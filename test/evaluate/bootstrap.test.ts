import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootstrapMeans, compare, intervals } from '../../src/evaluate/bootstrap.js';
import { forEachMetric } from '../../src/evaluate/metrics.js';
import { seededResampler } from '../../src/evaluate/resample.js';
import type { PerQuery } from '../../src/evaluate/retrieval.js';

interface Golden {
  columns: number[][];
  indices: number[][];
  value: number[];
  low: number[];
  high: number[];
  standard_error: number[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/bootstrap.json', import.meta.url), 'utf8')) as Golden;

const perQuery = (values: ArrayLike<number>): PerQuery => ({
  rows: Int32Array.from(values, (_, row) => row),
  leftOut: 0,
  values: forEachMetric(() => Float64Array.from(values)),
});

describe('the bootstrap', () => {
  it("equals NumPy's quantiles and standard errors for the same drawn indices", () => {
    let next = 0;
    const columns = golden.columns.map((column) => Float64Array.from(column));
    const found = bootstrapMeans(columns, (into) => into.set(golden.indices[next++]!), golden.indices.length);
    found.forEach((interval, c) => {
      for (const key of ['value', 'low', 'high', 'standard_error'] as const) {
        expect(interval[key]).toBeCloseTo(golden[key][c]!, 12);
      }
    });
  });

  it('covers the true mean in about 95 of 100 sets of queries', () => {
    const draw = seededResampler(99);
    const thousandths = new Int32Array(1000);
    let covered = 0;
    const sets = 300;
    for (let set = 0; set < sets; set++) {
      draw(thousandths);
      const values = Float64Array.from(thousandths.subarray(0, 150), (value) => (value < 300 ? 1 : 0));
      const [interval] = bootstrapMeans([values], seededResampler(set), 300);
      if (interval!.low <= 0.3 && 0.3 <= interval!.high) covered++;
    }
    expect(covered / sets).toBeGreaterThan(0.91);
    expect(covered / sets).toBeLessThan(0.98);
  });

  it('finds the standard error of a share: √(p(1 − p)/n)', () => {
    const values = Float64Array.from({ length: 400 }, (_, row) => (row % 4 === 0 ? 1 : 0));
    const { recall_at_1: interval } = intervals(perQuery(values), { seed: 1 });
    expect(interval.value).toBe(0.25);
    expect(interval.standard_error).toBeCloseTo(Math.sqrt((0.25 * 0.75) / 400), 3);
    expect((interval.high - interval.low) / 2 / interval.standard_error).toBeCloseTo(1.96, 0);
  });

  it('gives the same interval for the same seed and another one for another', () => {
    const values = perQuery(Float64Array.from({ length: 50 }, (_, row) => Math.sin(row)));
    expect(intervals(values, { seed: 4 })).toEqual(intervals(values, { seed: 4 }));
    expect(intervals(values, { seed: 4 })).not.toEqual(intervals(values, { seed: 5 }));
  });

  it('pairs the queries: a small gain on every query is clear though the two intervals overlap', () => {
    const before = Float64Array.from({ length: 60 }, (_, row) => (row % 10) / 10);
    const after = before.map((value, row) => value + (row % 3 === 0 ? 0.02 : 0.01));
    const [a, b] = [intervals(perQuery(before), { seed: 2 }).map_at_r, intervals(perQuery(after), { seed: 2 }).map_at_r];
    expect(a.high).toBeGreaterThan(b.low);
    const gain = compare(perQuery(before), perQuery(after), { seed: 2 }).map_at_r;
    expect(gain.verdict).toBe('better');
    expect(gain.value).toBeCloseTo(b.value - a.value, 12);
    expect(compare(perQuery(after), perQuery(before), { seed: 2 }).map_at_r.verdict).toBe('worse');
  });

  it('finds no clear difference between a run and itself, or one that gains as often as it loses', () => {
    const values = Float64Array.from({ length: 60 }, (_, row) => row % 2);
    expect(compare(perQuery(values), perQuery(values), { seed: 2 }).recall_at_1).toEqual({
      value: 0,
      low: 0,
      high: 0,
      standard_error: 0,
      verdict: 'no clear difference',
    });
    const flipped = values.map((value, row) => (row % 4 < 2 ? 1 - value : value));
    expect(compare(perQuery(values), perQuery(flipped), { seed: 2 }).recall_at_1.verdict).toBe('no clear difference');
  });

  it('refuses to compare runs that answered other queries', () => {
    const one = perQuery([1, 0, 1]);
    expect(() => compare(one, { ...one, rows: Int32Array.from([0, 1, 3]) }, { seed: 0 })).toThrow(RangeError);
    expect(() => compare(one, perQuery([1, 0]), { seed: 0 })).toThrow('the same queries');
  });

  it('takes well under a second for the queries of the emoji set', () => {
    const values = perQuery(Float64Array.from({ length: 3188 }, (_, row) => row % 2));
    // The processor's time: the wall's depends on what else the machine does.
    const start = process.cpuUsage();
    intervals(values, { seed: 0 });
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});

describe('the seeded resampler', () => {
  it('draws every index equally often', () => {
    const draw = seededResampler(3);
    const counts = new Float64Array(50);
    const drawn = new Int32Array(50);
    for (let r = 0; r < 2000; r++) {
      draw(drawn);
      for (const index of drawn) counts[index]!++;
    }
    // χ² with 49 degrees of freedom: 99.9 % of draws lie below 85.4, 0.1 % below 23.
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeGreaterThan(23);
    expect(chiSquare).toBeLessThan(85.4);
  });

  it('gives other draws for each of neighbouring seeds, zero and negative ones too', () => {
    const first = [-1, 0, 1, 2, 2 ** 40, 2 ** 40 + 1].map((seed) => {
      const drawn = new Int32Array(1000);
      seededResampler(seed)(drawn);
      return drawn;
    });
    first.forEach((a, i) =>
      first.slice(i + 1).forEach((b) => {
        expect(a.filter((index, at) => index === b[at]).length).toBeLessThan(10);
      }),
    );
  });
});
