import { type Tensor4D, tf } from '../tensorflow.js';
import { type ConvOptions, padded, samePadding } from './padding.js';

/**
 * A depthwise convolution tap by tap: `y = Σ_ij x[· + i·d, · + j·d] · k[i, j]`. TensorFlow's kernels for processors cannot differentiate a
 * dilated one, and those for cards sum in another order every time; this is slower, has a gradient, and keeps an order.
 */
export function depthwiseByTaps(x: Tensor4D, kernel: Tensor4D, { padding, dilations, strides }: ConvOptions): Tensor4D {
  const [height, width, channels, multiplier] = kernel.shape;
  const reach = [(height - 1) * dilations[0], (width - 1) * dilations[1]] as const;
  const sides = sidesOf(padding, x, reach, strides);
  const [top, bottom, left, right] = sides;
  // Behind the last window a stride reaches further than the window does.
  const around = [top, bottom + strides[0] - 1, left, right + strides[1] - 1] as const;
  const input = around.every((one) => one === 0) ? x : padded(x, around);
  const steps = (axis: 0 | 1): number =>
    Math.floor((input.shape[axis + 1]! - (strides[axis] - 1) - reach[axis] - 1) / strides[axis]) + 1;
  const [batch, rows, columns] = [input.shape[0], steps(0), steps(1)];
  let sum: Tensor4D | undefined;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const window = everyNth(input, [i * dilations[0], j * dilations[1]], [rows, columns], strides);
      const tap = tf.reshape(tf.slice(kernel, [i, j, 0, 0], [1, 1, channels, multiplier]), [1, 1, 1, channels, multiplier]);
      const product = tf.mul(tf.reshape(window, [batch, rows, columns, channels, 1]), tap);
      const flat = tf.reshape(product, [batch, rows, columns, channels * multiplier]) as Tensor4D;
      sum = sum === undefined ? flat : (tf.add(sum, flat) as Tensor4D);
    }
  }
  return sum as Tensor4D;
}

/** `rows` × `columns` places of a map from one on, in strides: what lies between them is sliced off, which has a gradient. */
function everyNth(
  map: Tensor4D,
  [top, left]: readonly [number, number],
  [rows, columns]: readonly [number, number],
  [down, across]: readonly [number, number],
): Tensor4D {
  const [batch, , , channels] = map.shape;
  const whole = tf.slice(map, [0, top, left, 0], [batch, rows * down, columns * across, channels]);
  if (down === 1 && across === 1) return whole;
  const first = tf.slice(
    tf.reshape(whole, [batch, rows, down, columns, across * channels]),
    [0, 0, 0, 0, 0],
    [batch, rows, 1, columns, channels],
  );
  return tf.reshape(first, [batch, rows, columns, channels]) as Tensor4D;
}

function sidesOf(
  padding: ConvOptions['padding'],
  x: Tensor4D,
  reach: readonly [number, number],
  strides: readonly [number, number],
): [number, number, number, number] {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding === 'same')
    return [...samePadding(x.shape[1], reach[0] + 1, strides[0]), ...samePadding(x.shape[2], reach[1] + 1, strides[1])];
  return [...padding];
}
