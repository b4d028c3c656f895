import { withoutGradient } from '../miners/without-gradient.js';
import {
  backend,
  binding,
  type OpAttribute,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tf,
} from '../runtime/tensorflow.js';
import { bitExact } from '../runtime/written-for.js';
import { ownGradient } from './own-gradient.js';

export interface CrossEntropyOptions {
  /** Share ε of each label that is spread evenly over all classes, 0 ≤ ε < 1. */
  smoothing: number;
  /** The images were mixed: λ of the label, 1 − λ of the other. */
  mixed?: { others: Tensor1D; lambda: Scalar } | undefined;
}

/**
 * Mean over the batch of `−Σ_c t_c log softmax(logits)_c`, in nats, as `torch.nn.functional.cross_entropy`.
 * The target t is 1 at the label; smoothed, `t = (1 − ε)·onehot + ε/C` (Szegedy et al. 2016, §7).
 * Where images were mixed, `t = λ·t(label) + (1 − λ)·t(other)`, each smoothed: the loss is λ·CE(label) + (1 − λ)·CE(other) (Zhang et al.
 * 2018, "mixup"). `logits` [N, C], `labels` int32 [N] in [0, C). Stable for any finite logits; the gradient is `(softmax − t) / N`.
 * One fused op of TensorFlow gives the loss and that gradient together; on a card that op is refused where the same bits are wanted
 * every time (tensorflow/core/kernels/xent_op.cc), so the formula is written out there.
 */
export function softmaxCrossEntropy(logits: Tensor2D, labels: Tensor1D, { smoothing, mixed }: CrossEntropyOptions): Scalar {
  const [batch, classes] = logits.shape;
  return ownGradient(logits, (scores) => {
    const targets = () => target(labels, mixed, (one) => smoothed(one, classes, smoothing));
    const [losses, softmaxLessTarget] = bitExact
      ? written(scores, targets())
      : smoothing === 0 && mixed === undefined
        ? fused('SparseSoftmaxCrossEntropyWithLogits', scores, labels)
        : fused('SoftmaxCrossEntropyWithLogits', scores, targets());
    return {
      value: tf.mean(losses) as Scalar,
      saved: [softmaxLessTarget],
      gradient: (dy, [saved]) => tf.mul(saved!, tf.div(dy, batch)),
    };
  });
}

/** Share of the rows whose largest logit is the label's. `logits` [N, C], `labels` int32 [N]. No gradient flows through it. */
export function accuracy(logits: Tensor2D, labels: Tensor1D): Scalar {
  // As float32, which holds every number of a class: TensorFlow compares int32 on the host, and would wait there for the card.
  const float = (tensor: Tensor) => tf.cast(tensor, 'float32');
  return withoutGradient(() => tf.mean(float(tf.equal(float(tf.argMax(logits, 1)), float(labels)))) as Scalar);
}

function target(labels: Tensor1D, mixed: CrossEntropyOptions['mixed'], spread: (labels: Tensor1D) => Tensor2D): Tensor2D {
  if (mixed === undefined) return spread(labels);
  const { others, lambda } = mixed;
  return tf.add(tf.mul(spread(labels), lambda), tf.mul(spread(others), tf.sub(tf.scalar(1), lambda))) as Tensor2D;
}

/** The label that an image shows more of; of two halves its own. int32 [N]. */
export function heavierLabel(labels: Tensor1D, mixed: CrossEntropyOptions['mixed']): Tensor1D {
  if (mixed === undefined) return labels;
  // Where on two vectors wants the condition as long as they are.
  const own = tf.greaterEqual(tf.mul(tf.onesLike(tf.cast(labels, 'float32')), mixed.lambda), tf.scalar(0.5));
  return tf.where(own, labels, mixed.others) as Tensor1D;
}

function smoothed(labels: Tensor1D, classes: number, smoothing: number): Tensor2D {
  const spread = smoothing / classes;
  return tf.oneHot(labels, classes, 1 - smoothing + spread, spread, 'float32') as Tensor2D;
}

/** The same two by operations that sum in one order. `targets` [N, C]. */
function written(logits: Tensor2D, targets: Tensor2D): [losses: Tensor1D, softmaxLessTarget: Tensor2D] {
  const logarithms = tf.logSoftmax(logits);
  return [tf.neg(tf.sum(tf.mul(targets, logarithms), 1)) as Tensor1D, tf.sub(tf.exp(logarithms), targets) as Tensor2D];
}

function fused(op: string, logits: Tensor2D, labels: Tensor1D | Tensor2D): [losses: Tensor1D, softmaxLessTarget: Tensor2D] {
  const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = binding();
  const attributes: OpAttribute[] = [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }];
  if (labels.dtype === 'int32') attributes.push({ name: 'Tlabels', type: TF_ATTR_TYPE, value: TF_INT32 });
  return backend().executeMultipleOutputs(op, attributes, [logits, labels], 2) as unknown as [Tensor1D, Tensor2D];
}
