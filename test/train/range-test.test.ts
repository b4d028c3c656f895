import { describe, expect, it } from 'vitest';
import { type Curve, RangeTest, suggest, sweepRate } from '../../src/train/range-test.js';

const sweep = { low: 1e-5, high: 10, steps: 61 };

/** A sweep whose loss is a given function of the rate's logarithm. */
function follow(lossAt: (log10: number) => number): Curve {
  const test = new RangeTest();
  for (let step = 0; step < sweep.steps; step++) {
    const rate = sweepRate(sweep, step);
    if (!test.add(rate, lossAt(Math.log10(rate)))) break;
  }
  return test.curve();
}

describe('sweepRate', () => {
  it('goes from the lowest rate to the highest, each the same factor above the one before', () => {
    expect(sweepRate(sweep, 0)).toBe(1e-5);
    expect(sweepRate(sweep, 60)).toBeCloseTo(10, 10);
    expect(sweepRate(sweep, 31) / sweepRate(sweep, 30)).toBeCloseTo(sweepRate(sweep, 1) / sweepRate(sweep, 0), 12);
    expect(sweepRate({ low: 0.1, high: 1, steps: 1 }, 0)).toBe(0.1);
  });
});

describe('a range test', () => {
  it('smooths as the sum that defines it: Σ β^(t−i) l_i over Σ β^(t−i)', () => {
    const losses = Array.from({ length: 30 }, (_, i) => 2 + Math.sin(i));
    const test = new RangeTest();
    losses.forEach((loss, i) => test.add(1e-5 * 1.1 ** i, loss));
    losses.forEach((_, t) => {
      let weights = 0;
      let sum = 0;
      for (let i = 0; i <= t; i++) {
        weights += 0.9 ** (t - i);
        sum += 0.9 ** (t - i) * (losses[i] as number);
      }
      expect(test.curve().smoothed[t]).toBeCloseTo(sum / weights, 12);
    });
  });

  it('ends at the first loss that is no number, and says at which rate', () => {
    const test = new RangeTest();
    expect(test.add(1e-3, 1)).toBe(true);
    expect(test.add(2e-3, Number.NaN)).toBe(false);
    expect(test.curve()).toMatchObject({ rates: [1e-3], diverged: 2e-3 });
  });

  it('ends where the smoothed loss is four times its lowest value', () => {
    const { diverged, rates } = follow((log) => (log < -1 ? 1 : 1 + 20 * (log + 1)));
    expect(diverged).toBeGreaterThan(0.1);
    expect(diverged).toBeLessThan(10);
    expect(rates.at(-1)).toBe(diverged);
  });

  it('suggests the rate of the steepest fall, and a tenth of the rate of the lowest loss', () => {
    // A logistic fall about 10^−2.5, then a rise from 10^−0.5 on; the smoothing drags both some steps to the right.
    const curve = follow((log) => 1 + 3 / (1 + Math.exp(6 * (log + 2.5))) + Math.max(0, log + 0.5) * 4);
    const { steepest, tenth } = suggest(curve);
    expect(Math.log10(steepest as number)).toBeGreaterThan(-2.6);
    expect(Math.log10(steepest as number)).toBeLessThan(-1.9);
    const lowest = curve.smoothed.indexOf(Math.min(...curve.smoothed));
    expect(tenth).toBe((curve.rates[lowest] as number) / 10);
  });

  it('suggests nothing where the loss never falls, or ends before it has settled', () => {
    expect(suggest(follow((log) => 10 + log))).toEqual({ steepest: null, tenth: null });
    expect(suggest({ rates: [1, 2], losses: [1, 1], smoothed: [1, 1], diverged: 2 })).toEqual({ steepest: null, tenth: null });
  });
});
