import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import { asRow } from './axes.js';
import type { Miner } from './miner.js';
import { negativePairs, positivePairs, triplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * One triplet an anchor: its farthest positive and its nearest negative, whatever the margin (Hermans, Beyer, Leibe 2017, §2,
 * "batch hard"). Of equal distances the first index is taken. An anchor without a positive or without a negative gives none.
 */
export const batchHard: Miner = (distances, labels) =>
  withoutGradient(() => {
    const positive = positivePairs(labels);
    const negative = negativePairs(labels);
    const farthest = tf.max(tf.where(positive, distances, tf.fill(distances.shape, Number.NEGATIVE_INFINITY)), 1, true);
    const nearest = tf.min(tf.where(negative, distances, tf.fill(distances.shape, Number.POSITIVE_INFINITY)), 1, true);
    const chosen = triplets(
      firstOfRow(tf.logicalAnd(positive, tf.equal(distances, farthest)) as Tensor2D),
      firstOfRow(tf.logicalAnd(negative, tf.equal(distances, nearest)) as Tensor2D),
    );
    return tf.cast(chosen, 'float32');
  });

/** Keeps the first true of each row; a row without one stays false. Spelled out, because ArgMax leaves ties to the device. */
function firstOfRow(mask: Tensor2D): Tensor2D {
  const columns = mask.shape[1];
  const column = tf.tile(asRow(tf.range(0, columns, 1, 'int32')), [mask.shape[0], 1]);
  const first = tf.min(tf.where(mask, column, tf.fill(mask.shape, columns, 'int32')), 1, true);
  return tf.equal(column, first) as Tensor2D;
}
