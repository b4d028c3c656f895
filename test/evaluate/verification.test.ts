import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { foldedAccuracy } from '../../src/evaluate/folds.js';
import { labelledPairs, pairScores } from '../../src/evaluate/pairs.js';
import { seededDraws } from '../../src/evaluate/resample.js';
import { rocOf, valAtFar } from '../../src/evaluate/roc.js';
import { calibrate } from '../../src/evaluate/threshold.js';
import { thinned, verification } from '../../src/evaluate/verification.js';
import { apart, golden } from './golden.js';

const scored = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.boolean()), { minLength: 2, maxLength: 40 });
const bothKinds = (pairs: readonly (readonly [number, boolean])[]) => new Set(pairs.map(([, same]) => same)).size === 2;
const split = (pairs: readonly (readonly [number, boolean])[]) =>
  [Float64Array.from(pairs, ([score]) => score), Uint8Array.from(pairs, ([, same]) => Number(same))] as const;

describe.each(golden.roc.map((expected, index) => ({ index, expected })))('the ROC of list $index', ({ expected }) => {
  const roc = rocOf(Float64Array.from(expected.scores), Uint8Array.from(expected.same));

  it('has the points and the area that scikit-learn computes', () => {
    expect(apart(roc.fpr, expected.fpr)).toBeLessThan(1e-12);
    expect(apart(roc.tpr, expected.tpr)).toBeLessThan(1e-12);
    expect(apart(roc.thresholds.slice(1), expected.thresholds.slice(1) as number[])).toBe(0);
    expect([roc.thresholds[0], expected.thresholds[0]]).toEqual([Number.POSITIVE_INFINITY, null]);
    expect(roc.auc).toBeCloseTo(expected.auc, 12);
  });

  it("has the equal error rate that scipy's root gives", () => expect(roc.eer.rate).toBeCloseTo(expected.eer, 9));

  it('has the highest TAR at or below each FAR', () => {
    for (const [far, val] of Object.entries(expected.val)) expect(valAtFar(roc, Number(far)).val).toBeCloseTo(val, 12);
  });
});

describe('the ROC', () => {
  it('has an area that is the chance of a right order, ties half, by a double loop', () => {
    fc.assert(
      fc.property(scored.filter(bothKinds), (pairs) => {
        const [scores, same] = split(pairs);
        let [won, all] = [0, 0];
        for (const [a, alike] of pairs) {
          for (const [b, other] of pairs) {
            if (!alike || other) continue;
            all++;
            won += a > b ? 1 : a === b ? 0.5 : 0;
          }
        }
        expect(rocOf(scores, same).auc).toBeCloseTo(won / all, 12);
      }),
    );
  });

  it('finds VAL at any FAR as a walk over all thresholds does', () => {
    fc.assert(
      fc.property(scored.filter(bothKinds), fc.double({ min: 0, max: 1, noNaN: true }), (pairs, far) => {
        const [scores, same] = split(pairs);
        const found = valAtFar(rocOf(scores, same), far);
        const accepted = (kind: boolean, threshold: number) => {
          const of = pairs.filter(([, alike]) => alike === kind);
          return of.filter(([score]) => score >= threshold).length / of.length;
        };
        const best = Math.max(0, ...[...scores].filter((t) => accepted(false, t) <= far).map((t) => accepted(true, t)));
        expect(found.val).toBe(best);
        expect(found.val).toBe(accepted(true, found.threshold));
        expect(found.far).toBe(accepted(false, found.threshold));
        expect(found.resolved).toBe(far === 1 || far * pairs.filter(([, alike]) => !alike).length >= 1);
      }),
    );
  });

  it('says so where only one kind of pair is there, a score is not finite, or there is nothing at all', () => {
    expect(() => rocOf(Float64Array.of(1, 2), Uint8Array.of(1, 1))).toThrow('none of two classes');
    expect(() => rocOf(Float64Array.of(1, 2), Uint8Array.of(0, 0))).toThrow('none of one class');
    expect(() => rocOf(new Float64Array(0), new Uint8Array(0))).toThrow(UserError);
    expect(() => rocOf(Float64Array.of(1, Number.NaN), Uint8Array.of(0, 1))).toThrow('no finite number (NaN)');
    expect(() => rocOf(Float64Array.of(1), Uint8Array.of(0, 1))).toThrow(RangeError);
  });

  it('is thinned for drawing without losing its ends or its shape', () => {
    const { scores, same } = golden.roc[0]!;
    const roc = rocOf(Float64Array.from(scores), Uint8Array.from(same));
    const few = thinned(roc, 40);
    expect(few.fpr.length).toBeLessThanOrEqual(41);
    expect([few.fpr[0], few.tpr[0], few.fpr.at(-1), few.tpr.at(-1)]).toEqual([0, 0, 1, 1]);
    let area = 0;
    for (let i = 1; i < few.fpr.length; i++) area += ((few.fpr[i]! - few.fpr[i - 1]!) * (few.tpr[i]! + few.tpr[i - 1]!)) / 2;
    expect(Math.abs(area - roc.auc)).toBeLessThan(0.01);
  });
});

/** Normal scores, 0.5 apart in units of their spread, of `count` pairs of each kind. */
function normalPairs(count: number, apartBy: number, seed: number): readonly [Float64Array, Uint8Array] {
  const draw = seededDraws(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  return [
    Float64Array.from({ length: 2 * count }, (_, i) => normal() + (i < count ? apartBy : 0)),
    Uint8Array.from({ length: 2 * count }, (_, i) => Number(i < count)),
  ];
}

describe('a calibrated threshold', () => {
  it('is the lowest one that lets at most the stated share through', () => {
    const scores = Float64Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0);
    const same = Uint8Array.of(1, 1, 0, 1, 1, 0, 1, 0, 0, 0);
    expect(calibrate(scores, same, 0.2)).toMatchObject({ threshold: 0.5, far: 0.2, tar: 0.8, resolved: true });
    expect(calibrate(scores, same, 0.1)).toMatchObject({ threshold: 0.8, far: 0, tar: 0.4, resolved: false });
  });

  it('has intervals that hold the truth about as often as they say, over pairs', () => {
    let [threshold, far] = [0, 0];
    for (let seed = 0; seed < 60; seed++) {
      const [scores, same] = normalPairs(300, 2, seed);
      const { interval, ...found } = calibrate(scores, same, 0.1, { seed: seed + 1000, resamples: 300 });
      // The 90 % quantile of a standard normal.
      if (interval.threshold.low <= 1.2816 && 1.2816 <= interval.threshold.high) threshold++;
      if (interval.far.low <= found.far && found.far <= interval.far.high) far++;
    }
    expect(threshold).toBeGreaterThanOrEqual(52);
    expect(far).toBe(60);
  });

  it('has a wider interval over classes than over pairs, where the pairs of a class go together', () => {
    const draw = seededDraws(4);
    const labels = Int32Array.from({ length: 60 }, (_, row) => Math.floor(row / 4));
    const pairs = labelledPairs(labels, { seed: 1 });
    const ofClass = Array.from({ length: 15 }, () => draw());
    const scores = Float64Array.from(pairs.first, (a, pair) => {
      const [x, y] = [labels[a]!, labels[pairs.second[pair]!]!];
      return (pairs.same[pair] === 1 ? 1 : 0) + ofClass[x]! + ofClass[y]! + 0.1 * draw();
    });
    const classes = {
      first: pairs.first.map((row) => labels[row]!),
      second: pairs.second.map((row) => labels[row]!),
    };
    const width = ({ interval }: ReturnType<typeof calibrate>) => interval.far.high - interval.far.low;
    const byPair = calibrate(scores, pairs.same, 0.1, { seed: 1, resamples: 300 });
    const byClass = calibrate(scores, pairs.same, 0.1, { seed: 1, resamples: 300, classes });
    expect(byClass.threshold).toBe(byPair.threshold);
    expect(width(byClass)).toBeGreaterThan(2 * width(byPair));
  });

  it('is the same for the same seed', () => {
    const [scores, same] = normalPairs(50, 1, 1);
    expect(calibrate(scores, same, 0.05, { seed: 3 })).toEqual(calibrate(scores, same, 0.05, { seed: 3 }));
  });

  it('is beyond every score where the best pair is one of two classes and none may pass', () => {
    const found = calibrate(Float64Array.of(3, 2, 1), Uint8Array.of(0, 1, 0), 0.01);
    expect(found).toMatchObject({ threshold: Number.POSITIVE_INFINITY, far: 0, tar: 0, resolved: false });
  });
});

describe('verification', () => {
  it('has the figures of the ROC, with intervals that hold the value of a large sample', () => {
    const [scores, same] = normalPairs(400, 1.5, 7);
    const { summary, roc } = verification(scores, same, { seed: 2, resamples: 300 });
    expect([summary.auc.value, summary.eer.value]).toEqual([roc.auc, roc.eer.rate]);
    // Two normals 1.5 apart: AUC Φ(1.5/√2), EER Φ(−0.75).
    expect(summary.auc.low).toBeLessThan(0.8556);
    expect(summary.auc.high).toBeGreaterThan(0.8556);
    expect(summary.eer.low).toBeLessThan(0.2266);
    expect(summary.eer.high).toBeGreaterThan(0.2266);
    // Hanley & McNeil's standard error of an AUC.
    expect(summary.auc.standard_error).toBeGreaterThan(0.009);
    expect(summary.auc.standard_error).toBeLessThan(0.017);
    expect(summary.tarAtFar.map(({ asked }) => asked)).toEqual([0.1, 0.01, 0.001]);
  });

  it('gives a resample in which every pair is once the very figures of the curve', () => {
    // All classes alike in every draw: one class of each pair by itself leaves the weights at 0 or more, the mean at the value.
    for (const { scores, same, auc, eer } of golden.roc.slice(0, 2)) {
      const { summary } = verification(Float64Array.from(scores), Uint8Array.from(same), { seed: 0, resamples: 400 });
      expect(summary.auc.low).toBeLessThan(auc);
      expect(summary.auc.high).toBeGreaterThan(auc);
      expect(summary.eer.low).toBeLessThan(eer);
      expect(summary.eer.high).toBeGreaterThan(eer);
    }
  });
});

describe('pairs of labelled images', () => {
  it('are all of them where they are few, those of one class first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 25 }), (list) => {
        const labels = Int32Array.from(list);
        const { first, second, same, of, sampled } = labelledPairs(labels, { seed: 0 });
        const found = new Set([...first].map((a, pair) => `${a} ${second[pair]} ${same[pair]}`));
        const expected = list.flatMap((label, a) =>
          list.flatMap((other, b) => (b > a ? [`${a} ${b} ${Number(label === other)}`] : [])),
        );
        expect(found).toEqual(new Set(expected));
        expect(first.length).toBe(expected.length);
        expect(of.same + of.different).toBe(expected.length);
        expect(sampled).toBe(false);
      }),
    );
  });

  it('are drawn evenly from each kind beyond the limit', () => {
    // Classes of 2, 10 and 40 images: 1, 45 and 780 pairs of one class.
    const labels = Int32Array.from({ length: 52 }, (_, row) => (row < 2 ? 0 : row < 12 ? 1 : 2));
    const { first, second, same, of, sampled } = labelledPairs(labels, { seed: 5, limit: 500 });
    expect([of.same, of.different, sampled, first.length]).toEqual([826, 2 * 10 + 2 * 40 + 10 * 40, true, 1000]);
    expect(
      [...first].every((a, pair) => a !== second[pair] && (labels[a] === labels[second[pair]!]) === (same[pair] === 1)),
    ).toBe(true);
    const large = [...first].filter((a, pair) => same[pair] === 1 && labels[a] === 2).length / 500;
    expect(Math.abs(large - 780 / 826)).toBeLessThan(0.04);
    expect(labelledPairs(labels, { seed: 5, limit: 500 }).first).toEqual(first);
    expect(labelledPairs(labels, { seed: 6, limit: 500 }).first).not.toEqual(first);
  });

  it('leave out those of one class and one group, but not those without a group', () => {
    const { first, second, of } = labelledPairs(Int32Array.of(0, 0, 0, 0, 0), {
      seed: 0,
      groups: Int32Array.of(7, 7, 8, -1, -1),
    });
    const found = [...first].map((a, pair) => `${a}${second[pair]}`);
    expect(found).toEqual(['02', '03', '04', '12', '13', '14', '23', '24', '34']);
    expect(of).toEqual({ same: 9, different: 0 });
  });

  it('have the dot product of their rows as score', () => {
    const rows = Float64Array.of(1, 0, 0.6, 0.8, 0, 1);
    expect([...pairScores(rows, 2, { first: Int32Array.of(0, 1), second: Int32Array.of(1, 2) })]).toEqual([0.6, 0.8]);
  });
});

describe("LFW's protocol", () => {
  const { folds } = golden;
  const found = foldedAccuracy(Float64Array.from(folds.scores), Uint8Array.from(folds.same), folds.fold, 0.05);

  it('chooses each threshold on nine folds and tests it on the tenth, as NumPy does', () => {
    expect(found.folds).toBe(10);
    expect(found.perFold.map(({ threshold }) => threshold)).toEqual(folds.thresholds);
    expect(found.accuracy).toBeCloseTo(folds.accuracy, 12);
    expect(found.standard_error).toBeCloseTo(folds.standard_error, 12);
  });

  it('has VAL at a FAR that was set on the other folds', () => {
    expect(found.val.val).toBeCloseTo(folds.val, 12);
    expect(found.val.standard_error).toBeCloseTo(folds.val_standard_error, 12);
    expect(found.val.far).toBeCloseTo(folds.far, 12);
  });

  it('needs two folds', () => {
    expect(() => foldedAccuracy(Float64Array.of(1, 2), Uint8Array.of(0, 1), [3, 3])).toThrow('all pairs are in one fold');
  });
});
