import { type Tensor3D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import type { Miner } from './miner.js';
import { validTriplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * Every triplet with `0 < d(a,n) − d(a,p) ≤ margin` (pytorch-metric-learning, `TripletMarginMiner` with 'semihard'). It differs
 * from `semiHard` where the gap is the margin itself: such a triplet is kept here, and costs nothing.
 */
export const pml: Miner = (distances, labels, margin) =>
  withoutGradient(() => {
    const positive = byPositive(distances);
    const negative = byNegative(distances);
    const between = tf.logicalAnd(tf.less(positive, negative), tf.lessEqual(negative, tf.add(positive, margin)));
    return tf.cast(tf.logicalAnd(validTriplets(labels), between) as Tensor3D, 'float32');
  });
