import { type Tensor1D, type Tensor2D, type Tensor3D, tf } from '../runtime/tensorflow.js';

/*
 * How matrices over pairs meet in one over triplets [a, p, n]: by broadcasting. Reshape and not ExpandDims, which tfjs-node
 * records without the type attribute that a graph needs.
 */

/** A matrix over (anchor, positive) as [a, p, 1]. */
export function byPositive(pairs: Tensor2D): Tensor3D {
  const [rows, columns] = pairs.shape;
  return tf.reshape(pairs, [rows, columns, 1]);
}

/** A matrix over (anchor, negative) as [a, 1, n]. */
export function byNegative(pairs: Tensor2D): Tensor3D {
  const [rows, columns] = pairs.shape;
  return tf.reshape(pairs, [rows, 1, columns]);
}

/** A vector over rows as [N, 1]. */
export function asColumn(vector: Tensor1D): Tensor2D {
  return tf.reshape(vector, [vector.shape[0], 1]);
}

/** A vector over columns as [1, N]. */
export function asRow(vector: Tensor1D): Tensor2D {
  return tf.reshape(vector, [1, vector.shape[0]]);
}
