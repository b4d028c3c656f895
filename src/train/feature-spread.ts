import { withoutGradient } from '../miners/without-gradient.js';
import { type Scalar, type Tensor2D, tf } from '../runtime/tensorflow.js';

/**
 * How much the features of a batch differ in direction: `mean‖u‖² − ‖mean u‖²` of the rows scaled to unit length, which is half
 * of the mean squared distance between two of them. [N, C] → a scalar in [0, 1]; 0 where all rows are the same, or 0. No
 * gradient flows.
 */
export function featureSpread(features: Tensor2D): Scalar {
  return withoutGradient(() => {
    const lengths = tf.sqrt(tf.sum(tf.square(features), 1, true));
    const unit = tf.div(features, tf.maximum(lengths, 1e-12));
    const lengthsOfUnits: Scalar = tf.mean(tf.sum(tf.square(unit), 1));
    // In float32 the difference of two numbers near 1 may fall a hair below 0.
    return tf.maximum(tf.sub(lengthsOfUnits, tf.sum(tf.square(tf.mean(unit, 0)))), 0) as Scalar;
  });
}
