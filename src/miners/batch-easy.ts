import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import { farthestWhere, nearestWhere } from './extremes.js';
import { firstOfRow } from './first-of-row.js';
import type { Miner } from './miner.js';
import { negativePairs, positivePairs, triplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * One triplet an anchor, the easiest that there is: its nearest positive and its farthest negative; of equal distances the first
 * index. It costs something only while even these two are not a margin apart, which is after a collapse: then it pulls the
 * embedding open where that is easiest, and is silent as soon as there is room. It is a way out, not a way to train on.
 * tensorflow-similarity has it as 'easy' positives with 'easy' negatives, pytorch-metric-learning as `BatchEasyHardMiner` with
 * 'easy' for both.
 */
export const batchEasy: Miner = (distances, labels) =>
  withoutGradient(() => {
    const positive = positivePairs(labels);
    const negative = negativePairs(labels);
    const chosen = triplets(
      firstOfRow(tf.logicalAnd(positive, tf.equal(distances, nearestWhere(positive, distances))) as Tensor2D),
      firstOfRow(tf.logicalAnd(negative, tf.equal(distances, farthestWhere(negative, distances))) as Tensor2D),
    );
    return tf.cast(chosen, 'float32');
  });
