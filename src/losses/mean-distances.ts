import { negativePairs, positivePairs } from '../miners/valid-triplets.js';
import { withoutGradient } from '../miners/without-gradient.js';
import { type Scalar, type Tensor1D, type Tensor2D, tf } from '../runtime/tensorflow.js';

/**
 * Mean d(a,p) over all pairs of one class and mean d(a,n) over all pairs of two classes in a batch; 0 where there is no such
 * pair. `distances` [N, N], `labels` int32 [N]. For the log: no gradient flows. Both falling towards 0 together is a collapse.
 */
export function meanDistances(distances: Tensor2D, labels: Tensor1D): { positive: Scalar; negative: Scalar } {
  const mean = (pairs: (labels: Tensor1D) => Tensor2D): Scalar =>
    withoutGradient(() => {
      const mask = tf.cast(pairs(labels), 'float32');
      return tf.div(tf.sum(tf.mul(distances, mask)), tf.maximum(tf.sum(mask), 1));
    });
  return { positive: mean(positivePairs), negative: mean(negativePairs) };
}
