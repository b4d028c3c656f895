import { type Scalar, type Tensor, tf } from '../runtime/tensorflow.js';

/**
 * Scales all gradients together so that their global norm `√Σ‖g‖²` is at most `largest`, as `torch.nn.utils.clip_grad_norm_`:
 * each is multiplied by `scale = min(1, largest / (norm + 1e-6))`. `norm` is the one before clipping.
 */
export function clipByGlobalNorm(
  gradients: Readonly<Record<string, Tensor>>,
  largest: number,
): { gradients: Record<string, Tensor>; norm: Scalar; scale: Scalar } {
  const norm = globalNorm(Object.values(gradients));
  const scale: Scalar = tf.minimum(tf.div(largest, tf.add(norm, 1e-6)), 1);
  return {
    gradients: scaledBy(gradients, scale),
    norm,
    scale,
  };
}

/** Each tensor times a scalar. */
export function scaledBy(tensors: Readonly<Record<string, Tensor>>, scale: Scalar): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.mul(tensor, scale)]));
}

/** `√Σ‖t‖²` over all elements of all tensors; 0 for none. */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  const squares = tensors.map((tensor) => tf.sum(tf.square(tensor)));
  return tf.sqrt(squares.reduce((total, square) => tf.add(total, square), tf.scalar(0))) as Scalar;
}
