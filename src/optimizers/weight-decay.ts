import { type Tensor, tf } from '../runtime/tensorflow.js';

/** The gradient of `loss + λ/2 ‖value‖²`: `gradient + λ·value`. With λ = 0 nothing is computed. */
export function withL2(gradient: Tensor, value: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(value, weightDecay));
}
