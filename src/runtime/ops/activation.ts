import { type Tensor, tf } from '../tensorflow.js';
import { attribute, operation } from './operation.js';

/** An activation whose gradient TensorFlow computes in one pass from its output; tfjs's own takes five. */
function withGradient(forward: string, backward: string) {
  return tf.customGrad(((x: Tensor, save: (tensors: Tensor[]) => void) => {
    const y = operation(forward, [attribute.float32('T')], [x]);
    save([y]);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) => operation(backward, [attribute.float32('T')], [dy, saved[0] as Tensor]),
    };
  }) as never) as unknown as <T extends Tensor>(x: T) => T;
}

/** max(0, x) */
export const relu = withGradient('Relu', 'ReluGrad');
/** min(max(0, x), 6) */
export const relu6 = withGradient('Relu6', 'Relu6Grad');
