import type { Head } from './head.js';
import { projectRows } from './project.js';
import { scaleToUnit } from './unit.js';

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
    scaleToUnit(z);
    embeddings.set(z, row * outputs);
  });
  return embeddings;
}
