import { binding, type Tensor, type Tensor1D, tf } from '../tensorflow.js';
import { attribute, ints, operation } from './operation.js';

/**
 * Keeps each value with probability 1 − rate, scaled by 1/(1 − rate), and sets the others to 0. The mask is a function of
 * `seed` (int32, [2]) alone (Philox, TensorFlow's stateless generator), so a step can be repeated and resumed exactly;
 * tfjs's own dropout draws in JS, which a traced graph would freeze.
 */
export function dropout<T extends Tensor>(x: T, rate: number, seed: Tensor1D): T {
  if (rate === 0) return x;
  const { TF_INT32 } = binding();
  const drawn = operation(
    'StatelessRandomUniform',
    [attribute.float32('dtype'), attribute.type('T', TF_INT32), attribute.type('Tseed', TF_INT32)],
    [ints(x.shape), seed],
  );
  const keep = tf.mul(tf.cast(tf.greaterEqual(drawn, tf.scalar(rate)), 'float32'), tf.scalar(1 / (1 - rate)));
  return tf.mul(x, keep) as T;
}
