import { Interrupted } from '../errors.js';
import type { Bar } from '../progress.js';
import { tf } from '../runtime/tensorflow.js';

/** The most similar other images of each image, by falling cosine similarity (equal ones by index). */
export interface Neighbours {
  /** Neighbours of an image: image i has those at i · each … (i + 1) · each − 1. */
  readonly each: number;
  readonly indices: Int32Array;
  readonly similarities: Float32Array;
}

/** Similarities that are held at a time: 16 MiB. */
const blockValues = 1 << 22;

/**
 * Rows minus their mean, scaled to unit length. Pooled features are all positive, so their plain cosines are all near 1; about
 * the mean they spread. A row at the mean stays zero.
 */
export function centredRows(features: Float32Array, dimensions: number): Float32Array {
  const rows = features.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (let at = 0; at < features.length; at++)
    mean[at % dimensions] = (mean[at % dimensions] as number) + (features[at] as number);
  for (let d = 0; d < dimensions; d++) mean[d] = (mean[d] as number) / rows;
  const unit = new Float32Array(features.length);
  for (let row = 0; row < rows; row++) {
    let square = 0;
    for (let d = 0; d < dimensions; d++) square += ((features[row * dimensions + d] as number) - (mean[d] as number)) ** 2;
    const length = Math.sqrt(square) || 1;
    for (let d = 0; d < dimensions; d++)
      unit[row * dimensions + d] = ((features[row * dimensions + d] as number) - (mean[d] as number)) / length;
  }
  return unit;
}

/**
 * The k nearest others of every row by cosine similarity: exact, block by block, so memory grows with the number of rows and
 * not with its square. Gives the event loop its turn between blocks.
 * @param unit row-major [rows, dimensions], of unit length
 * @throws Interrupted where the person asked to stop
 */
export async function nearestNeighbours(
  unit: Float32Array,
  dimensions: number,
  k: number,
  options: { bar?: Bar; stopped?: () => boolean } = {},
): Promise<Neighbours> {
  const { bar, stopped = () => false } = options;
  const rows = unit.length / dimensions;
  const each = Math.max(0, Math.min(k, rows - 1));
  const indices = new Int32Array(rows * each);
  const similarities = new Float32Array(rows * each);
  if (each === 0) return { each, indices, similarities };
  const block = Math.max(1, Math.min(rows, Math.floor(blockValues / rows)));
  const gallery = tf.tensor2d(unit, [rows, dimensions]);
  try {
    for (let first = 0; first < rows; first += block) {
      const count = Math.min(block, rows - first);
      const products = tf.tidy(() =>
        tf.matMul(gallery.slice([first, 0], [count, dimensions]), gallery, false, true).dataSync(),
      ) as Float32Array;
      for (let at = 0; at < count; at++) {
        const row = first + at;
        takeNearest(products.subarray(at * rows, (at + 1) * rows), row, {
          indices: indices.subarray(row * each, (row + 1) * each),
          similarities: similarities.subarray(row * each, (row + 1) * each),
        });
      }
      bar?.advance(count);
      await new Promise((resolve) => setImmediate(resolve));
      if (stopped()) throw new Interrupted('stopped while images were compared; nothing was written');
    }
  } finally {
    gallery.dispose();
  }
  return { each, indices, similarities };
}

/** Fills the targets with the largest of `values` but the one at `self`, by insertion: most values do not get in. */
function takeNearest(
  values: Float32Array,
  self: number,
  { indices, similarities }: { indices: Int32Array; similarities: Float32Array },
): void {
  similarities.fill(Number.NEGATIVE_INFINITY);
  const last = indices.length - 1;
  let least = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (!(value > least) || index === self) continue;
    let place = last;
    while (place > 0 && (similarities[place - 1] as number) < value) {
      similarities[place] = similarities[place - 1] as number;
      indices[place] = indices[place - 1] as number;
      place--;
    }
    similarities[place] = value;
    indices[place] = index;
    least = similarities[last] as number;
  }
}
