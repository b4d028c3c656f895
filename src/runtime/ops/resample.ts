import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../tensorflow.js';
import { entriesAt } from './gather.js';
import { attribute, ints, operation } from './operation.js';

/**
 * Images [N, H, W, C] sampled anew at the same size: pixel (i, j) of the nth takes what lies at row d·j + e·i + f and column
 * a·j + b·i + c of it, bilinearly, the border going on for ever; in float32. No gradient flows.
 * @param maps [N, 8]: a, b, c, d, e, f, 0, 0
 * @param compiled by XLA, which has no kernel for it, and fuses what is written in its place; else it is one kernel
 */
export function resampled(images: Tensor4D, maps: Tensor2D, compiled: boolean): Tensor4D {
  if (compiled) return resampledByGathers(images, maps);
  const [, height, width] = images.shape;
  return operation(
    'ImageProjectiveTransformV3',
    [attribute.float32('dtype'), attribute.string('interpolation', 'BILINEAR'), attribute.string('fill_mode', 'NEAREST')],
    [images, maps, ints([height, width]), tf.scalar(0)],
  ) as Tensor4D;
}

function resampledByGathers(images: Tensor4D, maps: Tensor2D): Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const counted = (length: number, shape: [number, number, number]) =>
    tf.reshape(tf.tensor1d(Float32Array.from({ length }, (_, at) => at)), shape);
  const [rows, columns] = [counted(height, [1, height, 1]), counted(width, [1, 1, width])];
  const number = (at: number) => tf.reshape(tf.slice(maps, [0, at], [batch, 1]), [batch, 1, 1]);
  /** Along one axis: the places to both sides of where it lies, and the share of the second. */
  const along = (first: number, length: number) => {
    const place = tf.add(tf.add(tf.mul(number(first), columns), tf.mul(number(first + 1), rows)), number(first + 2));
    const inside = tf.clipByValue(place, 0, length - 1);
    const low = tf.floor(inside);
    return { low, high: tf.minimum(tf.add(low, 1), length - 1), share: tf.expandDims(tf.sub(inside, low), -1) };
  };
  const [x, y] = [along(0, width), along(3, height)];
  const pixels = tf.reshape(images, [batch * height * width, channels]);
  // In float32 row numbers are exact up to 2²⁴ only: those of an image are found in it, those of images in int32.
  const before = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, at) => at * height * width),
    'int32',
  );
  const at = (row: Tensor, column: Tensor) => {
    const inImage = tf.cast(tf.add(tf.mul(row, width), column), 'int32');
    const places = tf.add(inImage, tf.reshape(before, [batch, 1, 1]));
    return tf.reshape(entriesAt(pixels, tf.reshape(places, [-1]) as Tensor1D), images.shape) as Tensor4D;
  };
  const mixed = (one: Tensor4D, other: Tensor4D, share: Tensor) =>
    tf.add(tf.mul(tf.sub(1, share), one), tf.mul(share, other)) as Tensor4D;
  const line = (row: Tensor) => mixed(at(row, x.low), at(row, x.high), x.share);
  return mixed(line(y.low), line(y.high), y.share);
}
