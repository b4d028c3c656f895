import { type DistanceName, pairwiseDistances, unitLength } from '../losses/distances.js';
import { meanDistances } from '../losses/mean-distances.js';
import { accuracy, heavierLabel, softmaxCrossEntropy } from '../losses/softmax-cross-entropy.js';
import { type TripletReduction, tripletLoss } from '../losses/triplet.js';
import { atMost, everyRow } from '../miners/positives.js';
import type { Miner } from '../miners/registry.js';
import type { Lookup } from '../network/forward.js';
import { addBias } from '../runtime/ops/bias.js';
import { dropout } from '../runtime/ops/dropout.js';
import { type Scalar, type Tensor1D, type Tensor2D, tf } from '../runtime/tensorflow.js';
import { mixedOf } from './mixed-labels.js';
import type { Objective } from './step.js';

export const HEAD_KERNEL = 'head/kernel';
export const HEAD_BIAS = 'head/bias';

/** The head: `x·kernel + bias`, [N, C] → [N, outputs]. */
export function dense(pooled: Tensor2D, variable: Lookup): Tensor2D {
  return addBias(tf.matMul(pooled, variable(HEAD_KERNEL) as Tensor2D), variable(HEAD_BIAS)) as Tensor2D;
}

/**
 * Phase 1: cross-entropy of a softmax head over the training classes. Figures: accuracy, of mixed images against the label that they
 * show more of.
 */
export function classificationObjective(options: { dropout: number; smoothing: number }): Objective {
  return (pooled, variable, inputs) => {
    const labels = inputs.labels as Tensor1D;
    const mixed = mixedOf(inputs);
    const logits = dense(dropout(pooled, options.dropout, inputs.seed as Tensor1D), variable);
    return {
      loss: softmaxCrossEntropy(logits, labels, { smoothing: options.smoothing, mixed }),
      figures: { accuracy: accuracy(logits, heavierLabel(labels, mixed)) },
    };
  };
}

/**
 * Phase 2: triplets of unit-length embeddings, their distances, the selection and the loss all inside the step.
 * Figures: kept and active triplets, mean d(a,p) and d(a,n). A batch without a kept triplet is not valid.
 */
export function tripletObjective(options: {
  miner: Miner;
  margin: number;
  distance: DistanceName;
  reduction: TripletReduction;
  /** The most positives that an image of a batch has: K − 1 of P classes × K images. Any number where it is not said. */
  positives?: number;
}): Objective {
  return (pooled, variable, inputs) => {
    const labels = inputs.labels as Tensor1D;
    const distances = pairwiseDistances(unitLength(dense(pooled, variable)), options.distance);
    const positives = options.positives === undefined ? everyRow(labels) : atMost(labels, options.positives);
    const mask = options.miner(distances, labels, options.margin, positives);
    const { loss, kept, active } = tripletLoss(distances, mask, options.margin, options.reduction, positives);
    const { positive, negative } = meanDistances(distances, labels);
    return { loss, figures: { kept, active, positive, negative }, valid: tf.greater(kept, tf.scalar(0)) as Scalar };
  };
}
