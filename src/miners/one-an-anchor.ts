import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import type { farthestWhere } from './extremes.js';
import { firstOfRow } from './first-of-row.js';
import type { Miner } from './miner.js';
import { negativePairs, positivePairs, triplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * One triplet an anchor: the positive and the negative at the extreme of its distances that each rule names; of equal distances the
 * first index. An anchor without a positive or without a negative gives none.
 */
export function oneAnAnchor(rules: { readonly positive: typeof farthestWhere; readonly negative: typeof farthestWhere }): Miner {
  return (distances, labels) =>
    withoutGradient(() => {
      const chosen = (pairs: Tensor2D, extreme: typeof farthestWhere) =>
        firstOfRow(tf.logicalAnd(pairs, tf.equal(distances, extreme(pairs, distances))) as Tensor2D);
      const positive = chosen(positivePairs(labels), rules.positive);
      return tf.cast(triplets(positive, chosen(negativePairs(labels), rules.negative)), 'float32');
    });
}
