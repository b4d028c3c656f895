import { type Scalar, tf } from '../runtime/tensorflow.js';
import { type AdamOptions, adamSlots, adamUpdate } from './adam.js';
import type { Optimizer } from './optimizer.js';

/**
 * Adam with decoupled weight decay (Loshchilov, Hutter 2019, algorithm 2), as `torch.optim.AdamW`:
 * `p ← p − rate·multiplier·λ·p`, then Adam's step on the gradient alone. The multiplier scales the decay too: it is part of the
 * update.
 */
export function adamw(options: AdamOptions): Optimizer {
  return {
    slots: adamSlots,
    update({ value, gradient, slots, rate, multiplier, weightDecay, step }) {
      const pace: Scalar = tf.mul(rate, multiplier);
      const decayed = weightDecay === 0 ? value : tf.mul(value, tf.sub(1, tf.mul(pace, weightDecay)));
      return adamUpdate(options, decayed, gradient, slots, pace, step);
    },
  };
}
