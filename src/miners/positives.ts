import { type Tensor1D, type Tensor2D, type Tensor3D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import { positivePairs } from './valid-triplets.js';

/** The positives of each anchor of a batch of N rows, on an axis of Q places. */
export interface Positives {
  /** bool [N, Q]: whether the anchor has a positive at that place. */
  readonly present: Tensor2D;
  /** Of a float32 matrix over (anchor, row) the columns of the anchor's positives: [N, N] → [N, Q]; 0 where there is none. */
  of(pairs: Tensor2D): Tensor2D;
  /** The way back: each value at the positive's column, 0 elsewhere. [N, Q] → [N, N]. */
  spread(values: Tensor2D): Tensor2D;
}

/** Every row as a place: Q = N, and whether it is a positive. */
export function everyRow(labels: Tensor1D): Positives {
  return { present: positivePairs(labels), of: (pairs) => pairs, spread: (values) => values };
}

/**
 * The positives alone, in the order of their rows, where no anchor has more than `most` of them: in a batch of P classes × K images
 * K − 1. What is made over triplets is then [N, K − 1, N] and not [N, N, N].
 */
export function atMost(labels: Tensor1D, most: number): Positives {
  const pairs = positivePairs(labels);
  // How many of an anchor's positives lie before a column; whole numbers up to N are exact in float32.
  const rank = tf.cumsum(tf.cast(pairs, 'float32'), 1, true) as Tensor2D;
  const place = tf.reshape(tf.range(0, most, 1, 'float32'), [1, most, 1]);
  const chosen = tf.logicalAnd(byNegative(pairs), tf.equal(byNegative(rank), place)) as Tensor3D;
  const weight = tf.cast(chosen, 'float32') as Tensor3D;
  return {
    present: tf.greater(tf.sum(weight, 2), 0) as Tensor2D,
    // One product of a column is the value itself, all others are 0: the sum is exact.
    of: (values) => tf.sum(tf.mul(weight, byNegative(values)), 2) as Tensor2D,
    spread: (values) => tf.sum(tf.mul(weight, byPositive(values)), 1) as Tensor2D,
  };
}
