import { type Tensor, tf } from '../runtime/tensorflow.js';

/** The smallest value of the last axis where `mask` is true, that axis kept as 1; +∞ where it is nowhere true. */
export function nearestWhere<T extends Tensor>(mask: T, values: T): T {
  return tf.min(tf.where(mask, values, tf.fill(values.shape, Number.POSITIVE_INFINITY)), -1, true) as T;
}

/** The largest value of the last axis where `mask` is true, that axis kept as 1; −∞ where it is nowhere true. */
export function farthestWhere<T extends Tensor>(mask: T, values: T): T {
  return tf.max(tf.where(mask, values, tf.fill(values.shape, Number.NEGATIVE_INFINITY)), -1, true) as T;
}

/** 1 at each true, divided by the number of trues in its last axis: equal distances share what one of them would have. */
export function evenly<T extends Tensor>(mask: T): T {
  const one = tf.cast(mask, 'float32');
  return tf.div(one, tf.maximum(tf.sum(one, -1, true), 1)) as T;
}
