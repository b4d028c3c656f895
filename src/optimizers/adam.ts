import { type Scalar, type Tensor, tf } from '../runtime/tensorflow.js';
import { type Optimizer, type SlotSpec, slotOf, type UpdateResult } from './optimizer.js';
import { withL2 } from './weight-decay.js';

export interface AdamOptions {
  /** β₁: how much of the mean gradient is kept at each step. */
  beta1: number;
  /** β₂: how much of the mean squared gradient is kept at each step. */
  beta2: number;
  /** ε, added to the root of the mean squared gradient. */
  epsilon: number;
}

const MEAN = 'mean';
const SQUARE = 'square';

/**
 * Adam (Kingma, Ba 2015, algorithm 1) with L2 in the gradient, as `torch.optim.Adam`:
 * `g ← gradient + λ·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − rate·multiplier · m̂ / (√v̂ + ε)`
 * with `m̂ = m/(1−β₁ᵗ)`, `v̂ = v/(1−β₂ᵗ)`, t = step.
 */
export function adam(options: AdamOptions): Optimizer {
  return {
    slots: adamSlots,
    update: ({ value, gradient, slots, rate, multiplier, weightDecay, step }) =>
      adamUpdate(options, value, withL2(gradient, value, weightDecay), slots, tf.mul(rate, multiplier), step),
  };
}

export function adamSlots(shape: readonly number[]): SlotSpec[] {
  return [
    { suffix: MEAN, shape, fill: 0 },
    { suffix: SQUARE, shape, fill: 0 },
  ];
}

/** The step that Adam and AdamW share: `value − pace · m̂ / (√v̂ + ε)`. */
export function adamUpdate(
  { beta1, beta2, epsilon }: AdamOptions,
  value: Tensor,
  gradient: Tensor,
  slots: Readonly<Record<string, Tensor>>,
  pace: Scalar,
  step: Scalar,
): UpdateResult {
  const mean = tf.add(tf.mul(slotOf(slots, MEAN), beta1), tf.mul(gradient, 1 - beta1));
  const square = tf.add(tf.mul(slotOf(slots, SQUARE), beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const root = tf.add(tf.div(tf.sqrt(square), tf.sqrt(biasCorrection(beta2, step))), epsilon);
  const update = tf.mul(tf.div(mean, root), tf.div(pace, biasCorrection(beta1, step)));
  return { value: tf.sub(value, update), slots: { [MEAN]: mean, [SQUARE]: square } };
}

/** `1 − βᵗ`. Through expm1, because for β = 0.999 and a small t the difference would leave only three digits in float32. */
function biasCorrection(beta: number, step: Scalar): Scalar {
  return beta === 0 ? tf.scalar(1) : tf.neg(tf.expm1(tf.mul<Scalar>(step, Math.log(beta))));
}
