import type { Head } from './head.js';
import { projectRows } from './project.js';

/**
 * Embeds features: `z = x·kernel + bias`, each row scaled to unit length (a row of zeros stays one).
 *
 * @param features row-major [images, head.inputs]
 * @returns row-major [images, head.outputs]
 */
export function embed(features: Float32Array, head: Head): Float32Array {
  const { outputs } = head;
  const embeddings = new Float32Array((features.length / head.inputs) * outputs);
  projectRows(features, head, (row, z) => {
    const length = Math.sqrt(z.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let o = 0; o < outputs; o++) embeddings[row * outputs + o] = (z[o] as number) / length;
  });
  return embeddings;
}
