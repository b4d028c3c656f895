/** Renders views in a graph: what `augment` and `mixPixels` do on the host, in float32, on values of 0 … 255. */
import { entriesAt } from '../runtime/ops/gather.js';
import { resampled } from '../runtime/ops/resample.js';
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../runtime/tensorflow.js';
import { columnsOf, type RenderedChanges } from './view-draws.js';

/**
 * Views of images [N, side, side, 3], rounded to bytes after each change as on the host.
 * @param rows a row for each, as `viewRows` writes them
 * @param compiled whether XLA compiles it
 */
export function renderViews(changes: RenderedChanges, images: Tensor4D, rows: Tensor2D, compiled: boolean): Tensor4D {
  const [batch = 0] = images.shape;
  const columns = columnsOf(changes);
  /** A column, to be spread over the view. */
  const column = (at: number) => tf.reshape(tf.slice(rows, [0, at], [batch, 1]), [batch, 1, 1, 1]);
  const sampled = resampled(images, tf.slice(rows, [0, columns.map], [batch, 8]), compiled);
  let view = toBytes(changes.colour ? coloured(sampled, (at) => column(columns.colour + at)) : sampled);
  if (changes.hue) view = turnedHue(view, column(columns.hue));
  if (changes.grey) view = replaced(view, greyOf(view), column(columns.grey));
  if (changes.erase !== null) {
    const patch = changes.erase === 'black' ? tf.scalar(0) : halfUp(tf.mean(view, [1, 2], true));
    view = replaced(
      view,
      patch,
      rectangle(view.shape[1], (at) => column(columns.erase + at)),
    );
  }
  return view;
}

/** The views of a batch, each mixed with its partner. @param numbers five, as `mixNumbers` writes them */
export function mixViews(views: Tensor4D, partners: Tensor1D, numbers: Tensor1D): Tensor4D {
  const number = (at: number) => tf.reshape(tf.slice(numbers, [at], [1]), [1, 1, 1, 1]);
  const kept = tf.mul(
    number(0),
    tf.sub(
      1,
      rectangle(views.shape[1], (at) => number(1 + at)),
    ),
  );
  const others = entriesAt(views, partners);
  return halfUp(tf.add(tf.mul(kept, views), tf.mul(tf.sub(1, kept), others))) as Tensor4D;
}

/** The nearest byte; of two as near the even one, as a `Uint8ClampedArray` rounds. */
function toBytes(view: Tensor4D): Tensor4D {
  return tf.clipByValue(tf.round(view), 0, 255);
}

/** The nearest whole number; of two as near the upper one. */
function halfUp<T extends Tensor>(values: T): T {
  return tf.floor(tf.add(values, 0.5)) as T;
}

/** Saturation, contrast about the mean of the view, brightness. @param number of the four in a view's row */
function coloured(view: Tensor4D, number: (at: number) => Tensor): Tensor4D {
  const [own, grey, ofMean, added] = [0, 1, 2, 3].map(number) as [Tensor, Tensor, Tensor, Tensor];
  const offset = tf.add(tf.mul(tf.mean(view, [1, 2, 3], true), ofMean), added);
  const base = tf.add(tf.mul(tf.sum(view, -1, true), grey), offset);
  return tf.add(tf.mul(view, own), base);
}

/** See `turnHue`: each channel falls from the largest by the range of the three where the hue is far from it. */
function turnedHue(view: Tensor4D, sixths: Tensor): Tensor4D {
  const [batch, height, width] = view.shape;
  const channel = (at: number) => tf.slice(view, [0, 0, 0, at], [batch, height, width, 1]);
  const [r, g, b] = [0, 1, 2].map(channel) as [Tensor4D, Tensor4D, Tensor4D];
  const value = tf.maximum(tf.maximum(r, g), b);
  const range = tf.sub(value, tf.minimum(tf.minimum(r, g), b));
  const share = (from: Tensor4D, to: Tensor4D) => tf.divNoNan(tf.sub(from, to), range);
  const ofGreen = tf.where(tf.equal(value, g), tf.add(share(b, r), 2), tf.add(share(r, g), 4));
  const hue = tf.add(tf.where(tf.equal(value, r), share(g, b), ofGreen), sixths);
  const turned = tf.sub(hue, tf.mul(tf.floor(tf.div(hue, 6)), 6));
  const place = tf.add(turned, tf.tensor1d([5, 3, 1]));
  const near = tf.where(tf.greaterEqual(place, 6), tf.sub(place, 6), place);
  const down = tf.clipByValue(tf.minimum(near, tf.sub(4, near)), 0, 1);
  return halfUp(tf.sub(value, tf.mul(range, down))) as Tensor4D;
}

/** See `luma`: the sum is a whole number below 2²⁴, which float32 holds. */
function greyOf(view: Tensor4D): Tensor {
  const sum = tf.sum(tf.mul(view, tf.tensor1d([19595, 38470, 7471])), -1, true);
  return tf.floor(tf.div(tf.add(sum, 0x8000), 0x10000));
}

/** `other` where `mask` is 1, `view` where it is 0: exact for bytes. */
function replaced(view: Tensor4D, other: Tensor, mask: Tensor): Tensor4D {
  return tf.add(view, tf.mul(mask, tf.sub(other, view)));
}

/** 1 inside a rectangle, 0 outside. @param edge of the four: its first row and column, and those behind its last */
function rectangle(side: number, edge: (at: number) => Tensor): Tensor {
  const places = tf.tensor1d(Float32Array.from({ length: side }, (_, at) => at));
  const between = (shape: number[], first: number, behind: number) => {
    const along = tf.reshape(places, shape);
    return tf.cast(tf.logicalAnd(tf.greaterEqual(along, edge(first)), tf.less(along, edge(behind))), 'float32');
  };
  return tf.mul(between([1, side, 1, 1], 0, 2), between([1, 1, side, 1], 1, 3));
}
