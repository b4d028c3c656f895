import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accuracy, softmaxCrossEntropy } from '../../src/losses/softmax-cross-entropy.js';
import { type Scalar, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';

interface Case {
  name: string;
  smoothing: number;
  logits: number[][];
  labels: number[];
  loss: number;
  gradient: number[][];
  accuracy: number;
}
const cases = JSON.parse(readFileSync(new URL('../golden/cross-entropy.json', import.meta.url), 'utf8')) as Case[];

describe.each(cases)(
  'softmax cross-entropy against torch: $name logits, smoothing $smoothing',
  ({ smoothing, logits, labels, loss, gradient, accuracy: share }) => {
    const x = tf.tensor2d(logits);
    const y = tf.tensor1d(labels, 'int32');

    it('has the loss', () => {
      const found = softmaxCrossEntropy(x, y, { smoothing }).dataSync()[0]!;
      expect(Math.abs(found - loss) / Math.max(1, Math.abs(loss))).toBeLessThan(1e-6);
    });

    it('has the gradient, also when the loss is part of a larger one', () => {
      const found = tf
        .grad((z) => tf.mul(softmaxCrossEntropy(z as Tensor2D, y, { smoothing }), 2) as Scalar)(x)
        .arraySync() as number[][];
      found.forEach((row, i) => row.forEach((value, j) => expect(Math.abs(value - 2 * gradient[i]![j]!)).toBeLessThan(2e-7)));
    });

    it('counts the rows that are right', () => expect(accuracy(x, y).dataSync()[0]).toBeCloseTo(share, 6));
  },
);

describe('the classifier loss', () => {
  it('lets accuracy stand beside it in one function whose gradient is taken', () => {
    const labels = tf.tensor1d([1, 0], 'int32');
    const together = tf.grad(
      (x) => tf.add(softmaxCrossEntropy(x as Tensor2D, labels, { smoothing: 0 }), accuracy(x as Tensor2D, labels)) as Scalar,
    );
    const alone = tf.grad((x) => softmaxCrossEntropy(x as Tensor2D, labels, { smoothing: 0 }));
    const x = tf.tensor2d([
      [0.5, -1],
      [2, 0.25],
    ]);
    expect(together(x).arraySync()).toEqual(alone(x).arraySync());
  });

  it('leaves no tensor behind', () => {
    const x = tf.tensor2d([
      [0.5, -1],
      [2, 0.25],
    ]);
    const labels = tf.tensor1d([1, 0], 'int32');
    const before = tf.memory().numTensors;
    tf.tidy(() => tf.valueAndGrad((z) => softmaxCrossEntropy(z as Tensor2D, labels, { smoothing: 0.1 }))(x) && undefined);
    expect(tf.memory().numTensors).toBe(before);
  });
});
