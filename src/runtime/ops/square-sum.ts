import { type Scalar, type Tensor, tf } from '../tensorflow.js';
import { attribute, operation } from './operation.js';

/** `½ Σ t²` over all elements of a float32 tensor: TensorFlow's L2Loss, in one pass over it. No gradient flows. */
export function halfSquareSum(tensor: Tensor): Scalar {
  return operation('L2Loss', [attribute.float32('T')], [tensor]) as Scalar;
}

/** `Σ t²` over all elements of a float32 tensor (see {@link halfSquareSum}). */
export function squareSum(tensor: Tensor): Scalar {
  return tf.mul<Scalar>(halfSquareSum(tensor), 2);
}
