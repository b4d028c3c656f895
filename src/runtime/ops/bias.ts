import { type Tensor, type Tensor2D, tf } from '../tensorflow.js';
import { writtenFor } from '../written-for.js';
import { attribute, operation } from './operation.js';

/**
 * x + b along the last axis. The gradient for b, the sum of each channel, is taken as a product, 1ᵀ · [places, channels]: TensorFlow
 * would merge its own operation for it with the gradient by the kernel, and oneDNN's merged form takes up to twice as long as both
 * apart; and a product is summed in vectors, which that operation does not do in bfloat16. On a card
 * it is that operation: a product would round its numbers to TF32's ten bits.
 */
export const addBias = tf.customGrad(((x: Tensor, bias: Tensor) => ({
  value: operation('BiasAdd', [attribute.float32('T'), attribute.string('data_format', 'NHWC')], [x, bias]),
  gradFunc: (dy: Tensor) => [dy, channelSums(dy, bias.size)],
})) as never) as unknown as <T extends Tensor>(x: T, bias: Tensor) => T;

function channelSums(dy: Tensor, channels: number): Tensor {
  if (writtenFor === 'card')
    return operation('BiasAddGrad', [attribute.float32('T'), attribute.string('data_format', 'NHWC')], [dy]);
  const places = tf.reshape(dy, [-1, channels]) as Tensor2D;
  return tf.reshape(tf.matMul(tf.fill([places.shape[0], 1], 1), places, true), [channels]);
}
