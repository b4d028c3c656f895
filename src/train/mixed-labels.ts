import type { Scalar, Tensor1D } from '../runtime/tensorflow.js';
import type { Tensors } from '../runtime/trace/trace.js';

/** How the images of a batch were mixed, as far as labels go. */
export interface MixedBatch {
  /** Place in the batch of each image's partner. */
  readonly partners: Int32Array;
  /** Share of its own label that an image keeps. */
  readonly lambda: number;
}

/** What a step takes in beside the labels where images are mixed. */
export function mixedInputs(batch: number): {
  readonly others: { shape: number[]; dtype: 'int32' };
  readonly lambda: { shape: number[]; dtype: 'float32' };
} {
  return { others: { shape: [batch], dtype: 'int32' }, lambda: { shape: [], dtype: 'float32' } };
}

/** The values of those inputs: the partners' labels and λ. Nothing where the batch is not mixed. */
export function mixedValues(mix: MixedBatch | undefined, labels: Int32Array): Record<string, Int32Array | Float32Array> {
  if (mix === undefined) return {};
  return {
    others: Int32Array.from(mix.partners, (place) => labels[place] as number),
    lambda: Float32Array.of(mix.lambda),
  };
}

/** Those inputs inside a step: undefined where it takes none. */
export function mixedOf(inputs: Tensors): { others: Tensor1D; lambda: Scalar } | undefined {
  const { others, lambda } = inputs;
  return others === undefined || lambda === undefined ? undefined : { others: others as Tensor1D, lambda: lambda as Scalar };
}
