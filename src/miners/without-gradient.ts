import { type Tensor, tf } from '../runtime/tensorflow.js';

/**
 * Runs `compute` so that no gradient flows through it: its result counts as a constant, whatever it was made from.
 * tfjs has no stop-gradient, and a comparison on the way to a loss makes `tf.grads` throw. A custom gradient without inputs is
 * that stop: what runs inside is not taped, and what comes out depends on nothing that a gradient is asked for.
 */
export function withoutGradient<T extends Tensor>(compute: () => T): T {
  const constant = tf.customGrad(() => ({ value: compute(), gradFunc: () => [] }));
  return constant() as T;
}
