import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { chosenCases } from './cases.js';
import { lossDifference, median, type StepFigures, summariseCase } from './figures.js';
import { NETWORKS } from './networks.js';
import { markdownTable, replaceSection } from './report.js';

const step = (engine: 'ft' | 'pytorch', imagesPerSecond: number, peakMiB: number): StepFigures => ({
  engine,
  imagesPerSecond,
  peakMiB,
  seconds: { median: 1, min: 1, max: 1 },
  trainable: 1,
  losses: [],
  version: '',
});

/** Three rounds on a machine that slows down: ft is 1.5, 1.25 and 1.2 times as fast. */
const pairs = [
  { ft: step('ft', 120, 700), pytorch: step('pytorch', 80, 1000) },
  { ft: step('ft', 50, 720), pytorch: step('pytorch', 40, 990) },
  { ft: step('ft', 12, 690), pytorch: step('pytorch', 10, 980) },
];

describe('the figures of a benchmark', () => {
  it('have the median of an odd and of an even number', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
    expect(() => median([])).toThrow(RangeError);
  });

  it('take ratios inside a round, so that a machine that slows down between rounds does not blur them', () => {
    const { ratio, imagesPerSecond, peakMiB } = summariseCase(pairs);
    expect(ratio).toEqual({ median: 1.25, min: 1.2, max: 1.5 });
    expect(imagesPerSecond).toEqual({ ft: 50, pytorch: 40 });
    expect(peakMiB).toEqual({ ft: 720, pytorch: 1000 });
  });

  it('call losses different without bound where one is missing or not finite', () => {
    expect(lossDifference([2, 4], [2, 5])).toBeCloseTo(0.2);
    expect(lossDifference([2], [2, 5])).toBe(Number.POSITIVE_INFINITY);
    expect(lossDifference([2, Number.NaN], [2, Number.NaN])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the report of a benchmark', () => {
  it('has a row for each depth: ratios, the first in bold, and memory', () => {
    const [one] = chosenCases('thin', 'conv3');
    expect(
      markdownTable([{ one: one!, figures: summariseCase(pairs) }])
        .split('\n')
        .at(-1),
    ).toBe('| until conv3 | **1.25** | 1.20–1.50 | 720 | 1000 | 0.72 |');
  });

  it('replaces its own place in the document and no other', () => {
    const document = 'a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n<!-- measured: y -->\nkept\n<!-- end -->\n';
    expect(replaceSection(document, 'x', 'new')).toBe(document.replace('old', 'new'));
    expect(() => replaceSection(document, 'z', 'new')).toThrow('measured: z');
  });

  it.each(NETWORKS)('has a place for %s in docs/performance.md', (name) => {
    const document = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    expect(replaceSection(document, name, 'a new table')).toContain(`<!-- measured: ${name} -->\na new table\n<!-- end -->`);
  });

  it('knows its networks and depths, and names the nearest to a misspelt one', () => {
    expect(chosenCases(undefined, undefined)).toHaveLength(20);
    expect(chosenCases('lite0', 'all,none').map(({ until }) => until)).toEqual(['none', 'all']);
    expect(() => chosenCases('tin', undefined)).toThrow(/did you mean 'thin'/);
    expect(chosenCases('mobilenet-v2', 'conv3')).toEqual([{ network: 'mobilenet-v2', until: 'conv3', words: 'until conv3' }]);
    expect(() => chosenCases('lite0', 'conv2')).toThrow(UserError);
  });
});
