import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GROWTH } from './growth-cases.js';
import { exponent, exponents, growthRows, verdict } from './growth-figures.js';
import { replaceSection } from './report.js';

describe('the figures of growth', () => {
  const points = [10, 100, 1000, 10_000].map((size) => ({
    size,
    seconds: 1,
    work: 0.5 + size ** 2 / 1e4,
    peakMiB: 400 + size / 10,
  }));
  const growth = { name: 'x', words: 'x', sizes: [], must: { time: 1, memory: 1 } };

  it('are exponents: of powers exactly, and of what is fitted to the last sizes', () => {
    expect(exponent([2, 4, 8, 32].map((x) => [x, 7 * x ** 3]))).toBeCloseTo(3, 10);
    expect(exponents(points).time).toBeCloseTo(1.95, 1);
    // Above the 401 MiB of the smallest size.
    expect(exponents(points).memory).toBeCloseTo(1, 1);
    expect(exponents(points.map((point) => ({ ...point, peakMiB: 400 + point.size / 1000 }))).memory).toBe(0);
  });

  it('say what is worse than it must be', () => {
    expect(verdict({ growth, points })).toMatch(
      /^Exponents: time 1\.9\d, memory [01]\.\d\d; \*\*worse than it must be: time \(1\)\*\*\.$/,
    );
    expect(verdict({ growth: { ...growth, must: { time: 2, memory: 1 } }, points })).not.toContain('worse');
  });

  it('stand beside the growth of the size', () => {
    expect(growthRows(points).rows.slice(0, 2)).toEqual([
      ['10', '', '1.0', '0.51', '', '401', ''],
      ['100', '×10', '1.0', '1.5', '×2.9', '410', '×1.0'],
    ]);
  });

  it.each(GROWTH.map(({ name }) => name))('have a place for %s in docs/growth.md', (name) => {
    const document = readFileSync(new URL('../../docs/growth.md', import.meta.url), 'utf8');
    expect(replaceSection(document, name, 'a new table')).toContain(`<!-- measured: ${name} -->\na new table\n<!-- end -->`);
  });
});
