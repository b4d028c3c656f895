import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { calibration } from '../../src/evaluate/calibration.js';
import { confusion, mostConfused, perClass, predictions, topK } from '../../src/evaluate/classification.js';
import { apart, golden } from './golden.js';

const expected = golden.classifier;
const logits = Float64Array.from(expected.logits);
const predicted = predictions(logits, expected.classes);
const counts = confusion(expected.truth, predicted, expected.classes);

describe("a classifier's figures", () => {
  it('are those of scikit-learn, also for a class without images and one that is never predicted', () => {
    expect([...counts.counts]).toEqual(expected.confusion.flat());
    const { classes, macro, accuracy } = perClass(counts);
    for (const key of ['precision', 'recall', 'f1', 'support'] as const)
      expect(apart(classes.map((one) => one[key]), expected[key])).toBeLessThan(1e-12); // biome-ignore format: one line
    expect(apart([macro.precision, macro.recall, macro.f1], expected.macro)).toBeLessThan(1e-12);
    expect(accuracy).toBeCloseTo(expected.accuracy, 12);
  });

  it('have the top k by a stable order', () => {
    const ks = Object.keys(expected.top).map(Number);
    expect(apart(topK(logits, expected.truth, expected.classes, ks), Object.values(expected.top))).toBeLessThan(1e-12);
    // Of equal scores the lower class goes first.
    expect(topK(Float64Array.of(1, 1, 1), [1], 3, [1, 2, 3])).toEqual([0, 1, 1]);
  });

  it('agree with a loop on any confusion', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 60 }), (answers) => {
        const found = confusion(answers.map(([t]) => t), answers.map(([, p]) => p), 5); // biome-ignore format: one call
        answers.forEach(([t, p]) => {
          expect(found.counts[t * 5 + p]).toBe(answers.filter(([a, b]) => a === t && b === p).length);
        });
        const mixed = mostConfused(found, 100);
        expect(mixed.reduce((sum, { count }) => sum + count, 0)).toBe(answers.filter(([t, p]) => t !== p).length);
        for (let i = 1; i < mixed.length; i++) expect(mixed[i]!.count).toBeLessThanOrEqual(mixed[i - 1]!.count);
        expect(mixed.every(({ truth, count, share }) => share === count / answers.filter(([t]) => t === truth).length)).toBe(
          true,
        );
      }),
    );
  });

  it('name the classes that are mixed up most', () => {
    const found = mostConfused(confusion([0, 0, 0, 1, 1, 2], [1, 1, 0, 2, 1, 2], 3), 5);
    expect(found).toEqual([
      { truth: 0, predicted: 1, count: 2, share: 2 / 3 },
      { truth: 1, predicted: 2, count: 1, share: 1 / 2 },
    ]);
  });

  it('refuse what is no answer', () => {
    expect(() => confusion([], [], 3)).toThrow(UserError);
    expect(() => confusion([0, 3], [0, 0], 3)).toThrow('3 is none of 3 classes');
    expect(() => topK(Float64Array.of(1, Number.NaN), [0], 2, [1])).toThrow('diverged');
  });
});

describe('calibration', () => {
  it('has the NLL and the Brier score of scikit-learn and the ECE of NumPy', () => {
    const { nll, brier, ece, bins } = calibration(logits, expected.truth, expected.classes);
    expect(nll).toBeCloseTo(expected.nll, 12);
    expect(brier).toBeCloseTo(expected.brier, 12);
    expect(ece).toBeCloseTo(expected.ece, 12);
    expect(bins.reduce((sum, { images }) => sum + images, 0)).toBe(expected.truth.length);
    expect(bins.filter(({ images, confidence, low, high }) => images > 0 && !(confidence > low && confidence <= high))).toEqual(
      [],
    );
  });

  it('is exact for logits that would overflow, and 0 for a sure and right classifier', () => {
    expect(calibration(Float64Array.of(2000, 0, 0, 2000), [0, 1], 2)).toMatchObject({ nll: 0, brier: 0, ece: 0 });
    expect(calibration(Float64Array.of(0, 2000), [0], 2)).toMatchObject({ nll: 2000, brier: 2, ece: 1 });
  });

  it('puts a probability on the edge of two bins into the lower one', () => {
    const { bins } = calibration(Float64Array.of(0, 0), [0], 2, 2);
    expect(bins.map(({ images }) => images)).toEqual([1, 0]);
  });

  it('refuses logits that are not finite, and no image at all', () => {
    expect(() => calibration(Float64Array.of(Number.POSITIVE_INFINITY, 0), [0], 2)).toThrow('diverged');
    expect(() => calibration(new Float64Array(0), [], 2)).toThrow(UserError);
  });
});
