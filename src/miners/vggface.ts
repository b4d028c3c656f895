import { type Tensor2D, type Tensor3D, tf } from '../runtime/tensorflow.js';
import { asColumn, asRow, byNegative, byPositive } from './axes.js';
import { evenly } from './extremes.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { negativePairs, triplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * For each pair of a class, the earlier image of the batch as anchor: the negatives with `d(a,n) − d(a,p) < margin`, the hard ones
 * among them (davidsandberg/facenet, `src/train_tripletloss.py`, `select_triplets`, the line marked "VGG Face"; its commented
 * line is FaceNet's rule). That code draws one of a pair's negatives at random; here all of them share the pair, which is the
 * expectation of its draw, and the step stays a function of the batch. A pair without such a negative gives nothing.
 */
export const vggface: Miner = (distances, labels, margin, positives = everyRow(labels)) =>
  withoutGradient(() => {
    const index = tf.range(0, labels.shape[0], 1, 'float32');
    const rows = positives.of(tf.tile(asRow(index), [labels.shape[0], 1]));
    const pairs = tf.logicalAnd(positives.present, tf.less(asColumn(index), rows)) as Tensor2D;
    const violates = tf.less(byNegative(distances), byPositive(tf.add(positives.of(distances), margin)));
    return evenly(tf.logicalAnd(triplets(pairs, negativePairs(labels)), violates) as Tensor3D);
  });
