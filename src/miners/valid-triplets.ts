import { type Tensor1D, type Tensor2D, type Tensor3D, tf } from '../runtime/tensorflow.js';
import { asColumn, asRow, byNegative, byPositive } from './axes.js';

/** True where two rows are different images of one class. `labels` int32 [N] → bool [N, N], symmetric, its diagonal false. */
export function positivePairs(labels: Tensor1D): Tensor2D {
  const index = tf.range(0, labels.shape[0], 1, 'int32');
  return tf.logicalAnd(sameClass(labels), tf.notEqual(asColumn(index), asRow(index))) as Tensor2D;
}

/** True where two rows are of different classes. `labels` int32 [N] → bool [N, N], symmetric. */
export function negativePairs(labels: Tensor1D): Tensor2D {
  return tf.logicalNot(sameClass(labels)) as Tensor2D;
}

/**
 * True at [a, p, n] where (anchor, positive, negative) is a triplet at all: `a ≠ p`, p of a's class, n of another class.
 * `labels` int32 [N] → bool [N, Q, N]. A class with one image gives no positives; a batch of one class gives no triplet.
 * @param present bool [N, Q], where an anchor has a positive; by every row where it is not given
 */
export function validTriplets(labels: Tensor1D, present: Tensor2D = positivePairs(labels)): Tensor3D {
  return triplets(present, negativePairs(labels));
}

/** True at [a, p, n] where `positive` [a, p] and `negative` [a, n] both are. */
export function triplets(positive: Tensor2D, negative: Tensor2D): Tensor3D {
  return tf.logicalAnd(byPositive(positive), byNegative(negative)) as Tensor3D;
}

/** As float32, which holds every number of a class: TensorFlow compares int32 on the host, and would wait there for the card. */
function sameClass(labels: Tensor1D): Tensor2D {
  const numbers = tf.cast(labels, 'float32') as Tensor1D;
  return tf.equal(asColumn(numbers), asRow(numbers)) as Tensor2D;
}
