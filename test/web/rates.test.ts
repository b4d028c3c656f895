import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveOf, decades } from '../../src/web/threshold/curve.js';
import { byRisingRate, oneIn, placeOf, pointAt, share } from '../../src/web/threshold/rates.js';
import { judge, rateInWords, thresholdInWords } from '../../src/web/threshold/words.js';
import { THRESHOLDS } from './stub-gallery.js';

const POINTS = byRisingRate(THRESHOLDS);
const [FIRST] = POINTS;

describe('the axis of the false-accept rate', () => {
  it('is logarithmic: each tenth of a rate is a step of the same width', () => {
    expect(POINTS.map(({ asked }) => asked)).toEqual([0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]);
    expect(placeOf(0.0001, POINTS)).toBe(0);
    expect(placeOf(0.001, POINTS)).toBeCloseTo(1 / 3, 12);
    expect(placeOf(0.01, POINTS)).toBeCloseTo(2 / 3, 12);
    expect(placeOf(0.1, POINTS)).toBe(1);
    expect(placeOf(0.003, POINTS)).toBeCloseTo((Math.log10(0.003) + 4) / 3, 12);
  });

  it('gives the point that a loop over all of them finds nearest', () => {
    fc.assert(
      fc.property(fc.double({ min: -0.2, max: 1.2, noNaN: true }), (place) => {
        const distances = POINTS.map(({ asked }) => Math.abs((Math.log10(asked) + 4) / 3 - place));
        expect(distances[pointAt(place, POINTS)]).toBeCloseTo(Math.min(...distances), 12);
      }),
    );
  });

  it('puts a single point in the middle, and takes none without falling', () => {
    const single = POINTS.slice(0, 1);
    expect(placeOf(0.0001, single)).toBe(0.5);
    expect(pointAt(0.9, single)).toBe(0);
    expect(pointAt(0.5, [])).toBe(0);
  });

  it('has its ticks at the whole powers of ten', () => {
    expect(decades(POINTS).map((tick) => tick.toExponential(0))).toEqual(['1e-4', '1e-3', '1e-2', '1e-1']);
    expect(decades(POINTS.slice(1, 4))).toEqual([0.001]);
  });
});

describe('the curve', () => {
  it('goes through every point, dotted as far as the pairs do not suffice', () => {
    const { places, resolved, unresolved } = curveOf(POINTS, { left: 10, top: 0, right: 310, bottom: 200 });
    expect(places[0]).toEqual([10, 200 - 0.41 * 200]);
    expect(places[4]?.[0]).toBeCloseTo(210, 9);
    expect(places[4]?.[1]).toBeCloseTo(200 - 0.953 * 200, 9);
    expect(places[6]).toEqual([310, 200 - 0.995 * 200]);
    // Two points are unresolved; the dotted part ends where the drawn one begins.
    expect(unresolved).toBe('M10.0 118.0L57.7 75.6L110.0 37.8');
    expect(resolved).toBe('M110.0 37.8L157.7 19.6L210.0 9.4L257.7 3.8L310.0 1.0');
  });

  it('is whole where all points are resolved, and dotted where none is', () => {
    const box = { left: 0, top: 0, right: 100, bottom: 100 };
    const all = POINTS.map((point) => ({ ...point, resolved: true }));
    expect(curveOf(all, box).unresolved).toBe('');
    expect(curveOf(all, box).resolved.match(/[ML]/g)).toHaveLength(7);
    const none = POINTS.map((point) => ({ ...point, resolved: false }));
    expect(curveOf(none, box).resolved).toBe('');
    expect(curveOf(none, box).unresolved.match(/[ML]/g)).toHaveLength(7);
  });
});

describe('a verdict', () => {
  const point = { asked: 0.01, threshold: 0.5, low: 0.45, high: 0.52, far: 0.0097, tar: 0.9, resolved: true };

  it('is the same from the threshold on, and says so where it lies inside the interval', () => {
    expect(judge(0.53, point)).toEqual({ verdict: 'same', same: true, words: 'same' });
    expect(judge(0.5, point)).toEqual({ verdict: 'near the threshold', same: true, words: 'same, but near the threshold' });
    expect(judge(0.499, point)).toEqual({
      verdict: 'near the threshold',
      same: false,
      words: 'not the same, but near the threshold',
    });
    expect(judge(0.449, point)).toEqual({ verdict: 'not the same', same: false, words: 'not the same' });
    expect(judge(0.9, null)).toBeNull();
  });
});

describe('rates in words', () => {
  it('keep two digits of small shares', () => {
    const words = [0, 0.000012, 0.00012, 0.0097, 0.1, 0.953, 1, Number.NaN].map((value) => share(value).replace('\u00a0', ' '));
    expect(words).toEqual(['0 %', '0.0012 %', '0.012 %', '0.97 %', '10 %', '95.3 %', '100 %', '–']);
  });

  it('say one in how many where it is a whole number', () => {
    expect([0.0001, 0.001, 0.01, 0.1, 0.03, 0.7].map(oneIn)).toEqual([
      'one in 10,000',
      'one in 1,000',
      'one in 100',
      'one in 10',
      'one in 33',
      null,
    ]);
    expect(rateInWords(0.001)).toBe('0.1\u00a0%, one in 1,000');
  });

  it('say that a threshold is a lower bound where the pairs are too few', () => {
    expect(thresholdInWords(POINTS[4] ?? POINTS[0]!)).toEqual([
      'Two images count as the same from a cosine of 0.520 on (95 % interval 0.490 to 0.540; inside it an answer says “near the threshold”).',
      'On the held-out images this accepts 0.97\u00a0% of the pairs of different classes and 95.3\u00a0% of the pairs of the same class.',
    ]);
    expect(thresholdInWords(FIRST!)).toHaveLength(3);
    expect(thresholdInWords(FIRST!)[2]).toContain('lower bound');
  });
});
