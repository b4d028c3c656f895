import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relevantRanks } from '../../src/evaluate/ranks.js';

/** Neighbouring doubles too: their parts of the table must come in their order. */
const similarity = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(-1, 0, 0.1, 0.1 + Number.EPSILON / 8, 0.5, 0.5 + Number.EPSILON / 2, 1),
);
const kind = fc.constantFrom('relevant', 'wrong', 'wrong', 'left out');
const items = fc.array(fc.tuple(similarity, kind), { minLength: 1, maxLength: 80 });

describe('the ranks of relevant items', () => {
  it('are those of the sorted list', () => {
    fc.assert(
      fc.property(items, (drawn) => {
        const of = (wanted: string) => drawn.flatMap(([, own], at) => (own === wanted ? [at] : []));
        const relevant = of('relevant');
        fc.pre(relevant.length > 0);
        const value = (at: number) => (drawn[at] as (typeof drawn)[number])[0];
        const answers = [...drawn.keys()]
          .filter((at) => !of('left out').includes(at))
          .sort((a, b) => value(b) - value(a) || a - b);
        const expected = answers.flatMap((at, place) => (relevant.includes(at) ? [place + 1] : []));
        const similarities = Float64Array.from(drawn, ([one]) => one);
        expect([...relevantRanks(similarities, relevant, of('left out'))]).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });
});
