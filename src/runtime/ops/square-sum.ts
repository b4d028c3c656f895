import { type Scalar, type Tensor, tf } from '../tensorflow.js';
import { attribute, operation } from './operation.js';

/** `Σ t²` over all elements of a float32 tensor, in one pass over it (TensorFlow's L2Loss is half of it). No gradient flows. */
export function squareSum(tensor: Tensor): Scalar {
  return tf.mul<Scalar>(operation('L2Loss', [attribute.float32('T')], [tensor]) as Scalar, 2);
}
