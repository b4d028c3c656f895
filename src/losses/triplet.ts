import { byNegative, byPositive } from '../miners/axes.js';
import { withoutGradient } from '../miners/without-gradient.js';
import { type Scalar, type Tensor2D, type Tensor3D, tf } from '../runtime/tensorflow.js';
import { ownGradient } from './own-gradient.js';

/** What the loss is a mean over: all kept triplets, or those of them that cost something. */
export type TripletReduction = 'kept' | 'non-zero';

export interface TripletLoss {
  loss: Scalar;
  /** Triplets that the miner kept. */
  kept: Scalar;
  /** Kept triplets whose term is above 0. */
  active: Scalar;
}

/**
 * The mean of `max(0, d(a,p) − d(a,n) + margin)` over the triplets of `mask` (FaceNet, eq. 3, there on squared distances).
 * `distances` [N, N] and `margin` in one unit; `mask` float32 [N, N, N] from a miner, 1 at [a, p, n] where the triplet is kept.
 * No kept triplet (or none that costs, under 'non-zero'): the loss is 0 with a gradient of 0.
 *
 * The gradient by d(i,j) is the number of active triplets with j as i's positive, less the number with j as i's negative, divided
 * by the count that the reduction names. `kept` and `active` carry no gradient.
 */
export function tripletLoss(distances: Tensor2D, mask: Tensor3D, margin: number, reduction: TripletReduction): TripletLoss {
  const activeMask = withoutGradient(
    () => tf.mul(mask, tf.cast(tf.greater(violations(distances, margin), 0), 'float32')) as Tensor3D,
  );
  const kept: Scalar = tf.sum(mask);
  const active: Scalar = tf.sum(activeMask);
  const count = tf.maximum(countOf(reduction, kept, active), 1);
  const slope = tf.div(tf.sub(tf.sum(activeMask, 2), tf.sum(activeMask, 1)), count);
  const loss = ownGradient<Tensor2D, Scalar>(distances, (d) => ({
    value: tf.div(tf.sum(tf.mul(violations(d, margin), activeMask)), count),
    saved: [slope],
    gradient: (dy, [saved]) => tf.mul(saved!, dy),
  }));
  return { loss, kept, active };
}

/** `(d(a,p) + margin) − d(a,n)`, [N, N, N]: summed in this order it is above 0 exactly where a miner finds d(a,n) nearer. */
function violations(distances: Tensor2D, margin: number): Tensor3D {
  return tf.sub(byPositive(tf.add(distances, margin)), byNegative(distances));
}

function countOf(reduction: TripletReduction, kept: Scalar, active: Scalar): Scalar {
  switch (reduction) {
    case 'kept':
      return kept;
    case 'non-zero':
      return active;
  }
}
