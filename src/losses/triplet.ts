import { byNegative, byPositive } from '../miners/axes.js';
import type { Positives } from '../miners/positives.js';
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
 * `distances` [N, N] and `margin` in one unit; `mask` float32 [N, Q, N] from a miner, 1 at [a, p, n] where the triplet is kept, p
 * counted by the same `positives` that the miner was given.
 * No kept triplet (or none that costs, under 'non-zero'): the loss is 0 with a gradient of 0.
 *
 * The gradient by d(i,j) is the number of active triplets with j as i's positive, less the number with j as i's negative, divided
 * by the count that the reduction names. `kept` and `active` carry no gradient.
 */
export function tripletLoss(
  distances: Tensor2D,
  mask: Tensor3D,
  margin: number,
  reduction: TripletReduction,
  positives: Pick<Positives, 'of' | 'spread'> = { of: (pairs) => pairs, spread: (values) => values },
): TripletLoss {
  /** `(d(a,p) + margin) − d(a,n)`, [N, Q, N]: summed in this order it is above 0 exactly where a miner finds d(a,n) nearer. */
  const violations = (d: Tensor2D): Tensor3D => tf.sub(byPositive(tf.add(positives.of(d), margin)), byNegative(d));
  const activeMask = withoutGradient(() => tf.mul(mask, tf.cast(tf.greater(violations(distances), 0), 'float32')) as Tensor3D);
  const kept: Scalar = tf.sum(mask);
  const active: Scalar = tf.sum(activeMask);
  const count = tf.maximum(countOf(reduction, kept, active), 1);
  const slope = withoutGradient(
    () => tf.div(tf.sub(positives.spread(tf.sum(activeMask, 2)), tf.sum(activeMask, 1)), count) as Tensor2D,
  );
  const loss = ownGradient<Tensor2D, Scalar>(distances, (d) => ({
    value: tf.div(tf.sum(tf.mul(violations(d), activeMask)), count),
    saved: [slope],
    gradient: (dy, [saved]) => tf.mul(saved!, dy),
  }));
  return { loss, kept, active };
}

function countOf(reduction: TripletReduction, kept: Scalar, active: Scalar): Scalar {
  switch (reduction) {
    case 'kept':
      return kept;
    case 'non-zero':
      return active;
  }
}
