import { type Tensor3D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import { evenly, farthestWhere, nearestWhere } from './extremes.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { validTriplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * One negative for each pair (a, p): the nearest with `d(a,n) > d(a,p)`, and where there is none the farthest of all, though it
 * is hard (TensorFlow Addons 0.23, `losses/triplet.py`, `triplet_semihard_loss`). The margin plays no part: the negative may be
 * farther than it. Negatives at one distance share the pair. So the mask sums to the number of pairs.
 */
export const tfa: Miner = (distances, labels, _margin, positives = everyRow(labels)) =>
  withoutGradient(() => {
    const positive = positives.of(distances);
    const valid = validTriplets(labels, positives.present);
    const negative: Tensor3D = tf.tile(byNegative(distances), [1, positive.shape[1], 1]);
    const beyond = tf.logicalAnd(valid, tf.greater(negative, byPositive(positive))) as Tensor3D;
    const nearest = nearestWhere(beyond, negative);
    const farthest = farthestWhere(valid, negative);
    const wanted = tf.where(tf.equal(nearest, Number.POSITIVE_INFINITY), farthest, nearest);
    return evenly(tf.logicalAnd(valid, tf.equal(negative, wanted)) as Tensor3D);
  });
