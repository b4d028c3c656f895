import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import { evenly, farthestWhere, nearestWhere } from './extremes.js';
import { firstOfRow } from './first-of-row.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { negativePairs } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * One triplet an anchor: its farthest positive, and the nearest negative beyond that one; where there is none, the farthest
 * negative (tensorflow-similarity 0.17, `losses/utils.py`, 'hard' positives with 'semi-hard' negatives, its defaults). Positives
 * at one distance share the anchor, and so do negatives beyond; of the farthest negatives the first is taken.
 *
 * An anchor without a positive gives nothing. The library lets such an anchor cost `margin − d(a,n)`, its distance to itself
 * taking the positive's place.
 */
export const tfsim: Miner = (distances, labels, _margin, positives = everyRow(labels)) =>
  withoutGradient(() => {
    const positive = positives.of(distances);
    const negative = negativePairs(labels);
    const farthestPositive = farthestWhere(positives.present, positive);
    const beyond = tf.logicalAnd(negative, tf.greater(distances, farthestPositive)) as Tensor2D;
    const nearest = nearestWhere(beyond, distances);
    const none = tf.equal(nearest, Number.POSITIVE_INFINITY);
    const nearestBeyond = tf.logicalAnd(beyond, tf.equal(distances, nearest)) as Tensor2D;
    const farthest = tf.logicalAnd(negative, tf.equal(distances, farthestWhere(negative, distances))) as Tensor2D;
    const fallback = tf.logicalAnd(firstOfRow(farthest), none);
    const hardest = tf.logicalAnd(positives.present, tf.equal(positive, farthestPositive)) as Tensor2D;
    return tf.mul(byPositive(evenly(hardest)), byNegative(evenly(tf.logicalOr(nearestBeyond, fallback) as Tensor2D)));
  });
