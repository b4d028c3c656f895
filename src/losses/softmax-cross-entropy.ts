import { withoutGradient } from '../miners/without-gradient.js';
import { backend, binding, type OpAttribute, type Scalar, type Tensor1D, type Tensor2D, tf } from '../runtime/tensorflow.js';
import { ownGradient } from './own-gradient.js';

export interface CrossEntropyOptions {
  /** Share ε of each label that is spread evenly over all classes, 0 ≤ ε < 1. */
  smoothing: number;
}

/**
 * Mean over the batch of `−Σ_c t_c log softmax(logits)_c`, in nats, as `torch.nn.functional.cross_entropy`.
 * The target t is 1 at the label; smoothed, `t = (1 − ε)·onehot + ε/C` (Szegedy et al. 2016, §7).
 * `logits` [N, C], `labels` int32 [N] in [0, C). Stable for any finite logits; the gradient is `(softmax − t) / N`.
 * One fused op of TensorFlow gives the loss and that gradient together.
 */
export function softmaxCrossEntropy(logits: Tensor2D, labels: Tensor1D, { smoothing }: CrossEntropyOptions): Scalar {
  const [batch, classes] = logits.shape;
  return ownGradient(logits, (scores) => {
    const [losses, softmaxLessTarget] =
      smoothing === 0
        ? fused('SparseSoftmaxCrossEntropyWithLogits', scores, labels)
        : fused('SoftmaxCrossEntropyWithLogits', scores, smoothed(labels, classes, smoothing));
    return {
      value: tf.mean(losses) as Scalar,
      saved: [softmaxLessTarget],
      gradient: (dy, [saved]) => tf.mul(saved!, tf.div(dy, batch)),
    };
  });
}

/** Share of the rows whose largest logit is the label's. `logits` [N, C], `labels` int32 [N]. No gradient flows through it. */
export function accuracy(logits: Tensor2D, labels: Tensor1D): Scalar {
  return withoutGradient(() => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32')) as Scalar);
}

function smoothed(labels: Tensor1D, classes: number, smoothing: number): Tensor2D {
  const spread = smoothing / classes;
  return tf.oneHot(labels, classes, 1 - smoothing + spread, spread, 'float32') as Tensor2D;
}

function fused(op: string, logits: Tensor2D, labels: Tensor1D | Tensor2D): [losses: Tensor1D, softmaxLessTarget: Tensor2D] {
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = binding();
  const attributes: OpAttribute[] = [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }];
  if (labels.dtype === 'int32') attributes.push({ name: 'Tlabels', type: TF_ATTR_TYPE, value: TF_INT32 });
  return backend().executeMultipleOutputs(op, attributes, [logits, labels], 2) as unknown as [Tensor1D, Tensor2D];
}
