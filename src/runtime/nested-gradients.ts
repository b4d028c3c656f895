import { type Tensor, tf } from './tensorflow.js';

/**
 * Gradients of `f` by its inputs, given the one by its output, while another gradient is being computed. tfjs keeps one tape: the inner
 * computation would begin a new one, and clear what the outer one clears at its end.
 */
export function nestedGradients(f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = tf.engine() as unknown as { state: { activeTape: unknown } };
  const outer = state.activeTape;
  try {
    return tf.grads(f as never)(inputs, dy);
  } finally {
    state.activeTape = outer;
  }
}
