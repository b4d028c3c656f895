import { type Tensor3D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { validTriplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * Every triplet with `0 < d(a,n) − d(a,p) ≤ margin` (pytorch-metric-learning, `TripletMarginMiner` with 'semihard'). It differs
 * from `semiHard` where the gap is the margin itself: such a triplet is kept here, and costs nothing.
 */
export const pml: Miner = (distances, labels, margin, positives = everyRow(labels)) =>
  withoutGradient(() => {
    const positive = byPositive(positives.of(distances));
    const negative = byNegative(distances);
    const between = tf.logicalAnd(tf.less(positive, negative), tf.lessEqual(negative, tf.add(positive, margin)));
    return tf.cast(tf.logicalAnd(validTriplets(labels, positives.present), between) as Tensor3D, 'float32');
  });
