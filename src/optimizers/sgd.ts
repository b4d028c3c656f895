import { tf } from '../runtime/tensorflow.js';
import { type Optimizer, slotOf } from './optimizer.js';
import { withL2 } from './weight-decay.js';

export interface SgdOptions {
  /** μ: how much of the velocity is kept at each step. */
  momentum: number;
  nesterov?: boolean;
}

const VELOCITY = 'momentum';

/**
 * Stochastic gradient descent with momentum, as `torch.optim.SGD` (dampening 0):
 * `g ← gradient + λ·p;  v ← μ·v + g;  p ← p − rate·multiplier·v`, Nesterov: `p ← p − rate·multiplier·(g + μ·v)`.
 * The rate is outside the velocity, so a schedule takes effect at once. Without momentum there is no slot.
 */
export function sgd({ momentum, nesterov = false }: SgdOptions): Optimizer {
  return {
    slots: (shape) => (momentum === 0 ? [] : [{ suffix: VELOCITY, shape, fill: 0 }]),
    update({ value, gradient, slots, rate, multiplier, weightDecay }) {
      const pull = withL2(gradient, value, weightDecay);
      const pace = tf.mul(rate, multiplier);
      if (momentum === 0) return { value: tf.sub(value, tf.mul(pull, pace)), slots: {} };
      const velocity = tf.add(tf.mul(slotOf(slots, VELOCITY), momentum), pull);
      const update = nesterov ? tf.add(pull, tf.mul(velocity, momentum)) : velocity;
      return { value: tf.sub(value, tf.mul(update, pace)), slots: { [VELOCITY]: velocity } };
    },
  };
}
