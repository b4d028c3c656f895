import { type Tensor, tf } from '../tensorflow.js';
import { attribute, operation } from './operation.js';

const attributes = () => [attribute.float32('T'), attribute.string('data_format', 'NHWC')];

/** x + b along the last axis; the gradient for b is one reduction. */
export const addBias = tf.customGrad(((x: Tensor, bias: Tensor) => ({
  value: operation('BiasAdd', attributes(), [x, bias]),
  gradFunc: (dy: Tensor) => [dy, operation('BiasAddGrad', attributes(), [dy])],
})) as never) as unknown as <T extends Tensor>(x: T, bias: Tensor) => T;
