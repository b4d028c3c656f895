import { type Tensor3D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { validTriplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * Every triplet with `d(a,p) < d(a,n)` and no upper bound (the margin is not looked at): the rule that people write first.
 * It keeps the semi-hard triplets and all the easy ones, `d(a,n) ≥ d(a,p) + margin`, whose loss is 0. Under a mean over the
 * non-zero terms that changes nothing: the loss and the gradient are exactly those of semi-hard. Under a mean over the kept
 * triplets each easy one dilutes the loss and the gradient, and the better the network gets, the more there are. Offered to show
 * just that (docs/semi-hard.md).
 */
export const naive: Miner = (distances, labels, _margin, positives = everyRow(labels)) =>
  withoutGradient(() => {
    const farther = tf.less(byPositive(positives.of(distances)), byNegative(distances));
    return tf.cast(tf.logicalAnd(validTriplets(labels, positives.present), farther) as Tensor3D, 'float32');
  });
