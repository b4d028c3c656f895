import { describe, expect, it } from 'vitest';
import { accuracyOf, scoreClassifier } from '../../src/train/classifier.js';

/** The identity as a head: features are the logits. */
const head = {
  kernel: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]),
  bias: Float32Array.from([0, 0, 0.5]),
  inputs: 3,
  outputs: 3,
};
/** Classes 2, 5 and 7 of a data set train: outputs 0, 1 and 2. */
const classifier = { head, classes: [2, 5, 7] };
const features = {
  dimensions: 3,
  labels: Int32Array.from([2, 5, 5, 7, 9]),
  // Named 0, 1, 2 (by its bias), 2; the fifth image is of a class that no output stands for.
  values: Float32Array.from([3, 0, 0, 0, 3, 0, 1, 1, 1, 0, 0, 3, 9, 9, 9]),
};

describe('the scores of a classifier', () => {
  it('are counted over the images whose class it knows, by the class of each output', () => {
    const scores = scoreClassifier(classifier, features, (number) => `class ${number}`, 0);
    expect(scores).toMatchObject({
      images: 4,
      left_out: 1,
      top_1: 0.75,
      top_5: null,
      classes: ['class 2', 'class 5', 'class 7'],
    });
    expect(scores.confusion).toEqual([
      [1, 0, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    expect(scores.per_class[1]).toEqual({ class: 'class 5', precision: 1, recall: 0.5, f1: 2 / 3, images: 2 });
    expect(scores.intervals.top_1.value).toBe(0.75);
    const row = (logits: number[], right: number) => {
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      return -Math.log(Math.exp(logits[right] as number) / sum);
    };
    const nll = (row([3, 0, 0.5], 0) + row([0, 3, 0.5], 1) + row([1, 1, 1.5], 1) + row([0, 0, 3.5], 2)) / 4;
    expect(scores.nll).toBeCloseTo(nll, 12);
  });

  it('give the accuracy alone too, and none where no image is of a class it knows', () => {
    expect(accuracyOf(classifier, features)).toBe(0.75);
    expect(accuracyOf(classifier, { ...features, labels: Int32Array.of(1, 1, 1, 1, 1) })).toBe(null);
  });
});
