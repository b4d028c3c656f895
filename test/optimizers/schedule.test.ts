import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Schedule, scheduleFactor } from '../../src/optimizers/schedule.js';

const run = (total: number, schedule: Schedule): number[] =>
  Array.from({ length: total }, (_, step) => scheduleFactor(step, total, schedule));

describe('the learning-rate schedule', () => {
  it('cosine with a tenth of warm-up is the peer recipe, for every length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), (total, draw) => {
        const step = draw % total;
        const warm = Math.max(1, Math.floor(total / 10));
        const expected =
          step < warm ? (step + 1) / warm : 0.5 * (1 + Math.cos((Math.PI * (step - warm)) / Math.max(1, total - warm)));
        expect(scheduleFactor(step, total, { name: 'cosine', warmUp: 0.1 })).toBe(expected);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('cosine rises in equal parts, reaches 1 and falls towards 0', () => {
    const factors = run(20, { name: 'cosine', warmUp: 0.2 });
    expect(factors.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(factors[12]).toBeCloseTo(0.5, 12);
    expect(factors[19]).toBeCloseTo(0.5 * (1 + Math.cos((Math.PI * 15) / 16)), 12);
  });

  it('step falls by the factor every so many steps', () => {
    expect(run(7, { name: 'step', warmUp: 0, every: 3, factor: 0.5 })).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25]);
    expect(run(5, { name: 'step', warmUp: 0, every: 2.5, factor: 0.1 })).toEqual([1, 1, 1, 0.1, 0.1]);
  });

  it('step and constant warm up too', () => {
    expect(run(8, { name: 'constant', warmUp: 0.5 })).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1]);
    expect(run(4, { name: 'step', warmUp: 0.5, every: 1, factor: 0.5 })).toEqual([0.5, 0.5, 0.25, 0.125]);
  });

  it('without warm-up starts at 1, and one step is one full step', () => {
    expect(run(4, { name: 'constant', warmUp: 0 })).toEqual([1, 1, 1, 1]);
    expect(run(1, { name: 'cosine', warmUp: 0.1 })).toEqual([1]);
  });

  it('takes shares whose product falls just short of a whole number', () => {
    expect(scheduleFactor(28, 100, { name: 'constant', warmUp: 0.29 })).toBe(1);
    expect(scheduleFactor(27, 100, { name: 'constant', warmUp: 0.29 })).toBe(28 / 29);
  });
});
