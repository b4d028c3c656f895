import type { Scalar, Tensor } from '../runtime/tensorflow.js';

export type OptimizerName = 'sgd' | 'adam' | 'adamw';

/** A tensor that an optimizer keeps beside a variable. It is stored as `${variable}/${suffix}`: by name, never by position. */
export interface SlotSpec {
  readonly suffix: string;
  readonly shape: readonly number[];
  /** Every element at the start. */
  readonly fill: number;
}

/** One variable at one step. */
export interface UpdateInput {
  value: Tensor;
  gradient: Tensor;
  /** The variable's slots by suffix. */
  slots: Readonly<Record<string, Tensor>>;
  /** Base learning rate × the schedule's factor. */
  rate: Scalar;
  /** The variable's own learning rate as a multiple of the base rate. It scales the update, not the gradient. */
  multiplier: number;
  /** λ of this variable; 0 for biases and BatchNorm. */
  weightDecay: number;
  /** float32; 1 for the first update. */
  step: Scalar;
}

export interface UpdateResult {
  value: Tensor;
  slots: Record<string, Tensor>;
}

/** A rule that turns a gradient into an update. Pure: it gives new tensors and changes none. */
export interface Optimizer {
  slots(shape: readonly number[]): SlotSpec[];
  update(input: UpdateInput): UpdateResult;
}

/** The slot of that suffix; its absence is a mistake of the caller. */
export function slotOf(slots: Readonly<Record<string, Tensor>>, suffix: string): Tensor {
  const slot = slots[suffix];
  if (slot === undefined) throw new Error(`the slot '${suffix}' was not given`);
  return slot;
}
