import type { Head } from './head.js';
import { inDoubles } from './linear-algebra.js';

// Rows that are multiplied at a time: 32 MiB of doubles at 1024 inputs.
const BLOCK = 4096;

/** Up to so many rows a loop is done before the kernel would have been handed to TensorFlow: a server asks for one at a time. */
const FEW = 8;

/**
 * `z = x·kernel + bias` for each row, in double precision, so that a bias which cancels a large mean costs no digits and a GPU's
 * TF32 does not enter the scores. `each` gets the row's number and z, which is its to change.
 *
 * @param features row-major [images, head.inputs]
 */
export function projectRows(features: Float32Array, head: Head, each: (row: number, z: Float64Array) => void): void {
  const { inputs, outputs } = head;
  const rows = features.length / inputs;
  if (!Number.isInteger(rows)) throw new RangeError(`${features.length} features are not rows of ${inputs}`);
  if (rows <= FEW) {
    projectFew(features, head, rows, each);
    return;
  }
  inDoubles((outer) => {
    const kernel = outer.put(Float64Array.from(head.kernel), inputs, outputs);
    for (let first = 0; first < rows; first += BLOCK) {
      const count = Math.min(BLOCK, rows - first);
      const block = Float64Array.from(features.subarray(first * inputs, (first + count) * inputs));
      const projected = inDoubles((inner) => inner.get(inner.multiply(inner.put(block, count, inputs), kernel)));
      for (let row = 0; row < count; row++) {
        const z = projected.subarray(row * outputs, (row + 1) * outputs);
        for (let o = 0; o < outputs; o++) z[o] = (z[o] as number) + (head.bias[o] as number);
        each(first + row, z);
      }
    }
  });
}

function projectFew(
  features: Float32Array,
  { kernel, bias, inputs, outputs }: Head,
  rows: number,
  each: (row: number, z: Float64Array) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const z = Float64Array.from(bias);
    for (let i = 0, at = 0; i < inputs; i++) {
      const x = features[row * inputs + i] as number;
      for (let o = 0; o < outputs; o++, at++) z[o] = (z[o] as number) + x * (kernel[at] as number);
    }
    each(row, z);
  }
}

/** The scores that a classifier's head gives each class: row-major [images, head.outputs]. */
export function logits(features: Float32Array, head: Head): Float64Array {
  const scores = new Float64Array((features.length / head.inputs) * head.outputs);
  projectRows(features, head, (row, z) => scores.set(z, row * head.outputs));
  return scores;
}
