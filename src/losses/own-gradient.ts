import { type Tensor, tf } from '../runtime/tensorflow.js';

interface Computed<Y extends Tensor> {
  value: Y;
  /** What the gradient needs; everything else made on the way is released. */
  saved: Tensor[];
  /** The gradient of the loss by `x`, given the gradient `dy` by the value. */
  gradient: (dy: Y, saved: Tensor[]) => Tensor;
}

/** A function of one tensor with a gradient written by hand. */
export function ownGradient<X extends Tensor, Y extends Tensor>(x: X, compute: (x: X) => Computed<Y>): Y {
  const f = (...inputs: unknown[]): { value: Y; gradFunc: (dy: Y, saved: Tensor[]) => Tensor } => {
    const [input, save] = inputs as [X, (tensors: Tensor[]) => void];
    const { value, saved, gradient } = compute(input);
    save(saved);
    return { value, gradFunc: gradient };
  };
  return tf.customGrad(f)(x) as Y;
}
