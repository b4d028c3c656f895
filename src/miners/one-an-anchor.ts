import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import type { farthestWhere } from './extremes.js';
import { firstOfRow } from './first-of-row.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { negativePairs, triplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * One triplet an anchor: the positive and the negative at the extreme of its distances that each rule names; of equal distances the
 * first index. An anchor without a positive or without a negative gives none.
 */
export function oneAnAnchor(rules: { readonly positive: typeof farthestWhere; readonly negative: typeof farthestWhere }): Miner {
  return (distances, labels, _margin, positives = everyRow(labels)) =>
    withoutGradient(() => {
      const chosen = (pairs: Tensor2D, values: Tensor2D, extreme: typeof farthestWhere) =>
        firstOfRow(tf.logicalAnd(pairs, tf.equal(values, extreme(pairs, values))) as Tensor2D);
      const positive = chosen(positives.present, positives.of(distances), rules.positive);
      return tf.cast(triplets(positive, chosen(negativePairs(labels), distances, rules.negative)), 'float32');
    });
}
