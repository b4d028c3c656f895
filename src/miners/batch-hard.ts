import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import { farthestWhere, nearestWhere } from './extremes.js';
import { firstOfRow } from './first-of-row.js';
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
    const chosen = triplets(
      firstOfRow(tf.logicalAnd(positive, tf.equal(distances, farthestWhere(positive, distances))) as Tensor2D),
      firstOfRow(tf.logicalAnd(negative, tf.equal(distances, nearestWhere(negative, distances))) as Tensor2D),
    );
    return tf.cast(chosen, 'float32');
  });
