import { type Tensor3D, tf } from '../runtime/tensorflow.js';
import { byNegative, byPositive } from './axes.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { validTriplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * Every triplet with `d(a,p) < d(a,n) < d(a,p) + margin`, strict on both sides: the negative is farther than the positive, but
 * not by the margin yet. FaceNet (Schroff, Kalenichenko, Philbin 2015, §3.2) states it on squared distances of unit vectors: give
 * the miner squared distances for that. pytorch-metric-learning's `semihard` keeps `0 < d(a,n) − d(a,p) ≤ margin`; it differs
 * only where the gap equals the margin, and there the triplet costs 0, though it counts in a mean over the kept ones.
 */
export const semiHard: Miner = (distances, labels, margin, positives = everyRow(labels)) =>
  withoutGradient(() => {
    const positive = byPositive(positives.of(distances));
    const negative = byNegative(distances);
    // The right side is the very sum that the loss subtracts d(a,n) from, so that rounding cannot part the two.
    const between = tf.logicalAnd(tf.less(positive, negative), tf.less(negative, tf.add(positive, margin)));
    return tf.cast(tf.logicalAnd(validTriplets(labels, positives.present), between) as Tensor3D, 'float32');
  });
