import type { Head } from './head.js';
import { inDoubles } from './linear-algebra.js';

// Rows that are multiplied at a time: 32 MiB of doubles at 1024 inputs.
const BLOCK = 4096;

/**
 * Embeds features: `z = x·kernel + bias`, each row scaled to unit length (a row of zeros stays one). Computed in double
 * precision, so that a bias which cancels a large mean costs no digits and a GPU's TF32 does not enter the scores.
 *
 * @param features row-major [images, head.inputs]
 * @returns row-major [images, head.outputs]
 */
export function embed(features: Float32Array, head: Head): Float32Array {
  const { inputs, outputs } = head;
  const rows = features.length / inputs;
  if (!Number.isInteger(rows)) throw new RangeError(`${features.length} features are not rows of ${inputs}`);
  const embeddings = new Float32Array(rows * outputs);
  inDoubles((outer) => {
    const kernel = outer.put(Float64Array.from(head.kernel), inputs, outputs);
    for (let first = 0; first < rows; first += BLOCK) {
      const count = Math.min(BLOCK, rows - first);
      const block = Float64Array.from(features.subarray(first * inputs, (first + count) * inputs));
      const projected = inDoubles((inner) => inner.get(inner.multiply(inner.put(block, count, inputs), kernel)));
      for (let row = 0; row < count; row++) {
        const z = projected.subarray(row * outputs, (row + 1) * outputs);
        let square = 0;
        for (let o = 0; o < outputs; o++) {
          z[o] = (z[o] as number) + (head.bias[o] as number);
          square += (z[o] as number) ** 2;
        }
        const length = Math.sqrt(square) || 1;
        for (let o = 0; o < outputs; o++) embeddings[(first + row) * outputs + o] = (z[o] as number) / length;
      }
    }
  });
  return embeddings;
}
