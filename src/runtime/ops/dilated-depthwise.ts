import { type Tensor4D, tf } from '../tensorflow.js';
import { type ConvOptions, padded, samePadding } from './padding.js';

/**
 * A dilated depthwise convolution, tap by tap: `y = Σ_ij x[· + i·d, · + j·d] · k[i, j]`. TensorFlow's CPU kernels cannot
 * differentiate it; this is slower and has a gradient. Dilation goes with stride 1 only, as in Keras.
 */
export function dilatedDepthwise(x: Tensor4D, kernel: Tensor4D, { padding, dilations }: ConvOptions): Tensor4D {
  const [height, width, channels, multiplier] = kernel.shape;
  const reach = [(height - 1) * dilations[0], (width - 1) * dilations[1]] as const;
  const sides = sidesOf(padding, x, reach);
  const input = sides.every((one) => one === 0) ? x : padded(x, sides);
  const [batch, rows, columns] = [input.shape[0], input.shape[1] - reach[0], input.shape[2] - reach[1]];
  let sum: Tensor4D | undefined;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const window = tf.slice(input, [0, i * dilations[0], j * dilations[1], 0], [batch, rows, columns, channels]);
      const tap = tf.reshape(tf.slice(kernel, [i, j, 0, 0], [1, 1, channels, multiplier]), [1, 1, 1, channels, multiplier]);
      const product = tf.mul(tf.reshape(window, [batch, rows, columns, channels, 1]), tap);
      const flat = tf.reshape(product, [batch, rows, columns, channels * multiplier]) as Tensor4D;
      sum = sum === undefined ? flat : (tf.add(sum, flat) as Tensor4D);
    }
  }
  return sum as Tensor4D;
}

function sidesOf(
  padding: ConvOptions['padding'],
  x: Tensor4D,
  reach: readonly [number, number],
): [number, number, number, number] {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding === 'same') return [...samePadding(x.shape[1], reach[0] + 1, 1), ...samePadding(x.shape[2], reach[1] + 1, 1)];
  return [...padding];
}
