import { binding, type Tensor, type Tensor4D, tf } from '../tensorflow.js';
import { writtenFor } from '../written-for.js';
import { attribute, operation } from './operation.js';

/** TensorFlow's SAME and VALID, or rows and columns added at each side. */
export type Padding = 'same' | 'valid' | readonly [top: number, bottom: number, left: number, right: number];

/** How a window moves over a map: steps, spacing of its taps, and what is added at the sides. */
export interface ConvOptions {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: Padding;
}

/** What TensorFlow's SAME adds along an axis, before and after, for a window that reaches over `window` places. */
export function samePadding(size: number, window: number, stride: number): [before: number, after: number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Explicit padding by its name, where SAME or VALID would give the same at this size: those are what kernels are made for. */
export function namedPadding(
  padding: Padding,
  size: readonly [number, number],
  window: readonly [number, number],
  strides: readonly [number, number],
): Padding {
  if (padding === 'same' || padding === 'valid') return padding;
  if (padding.every((one) => one === 0)) return 'valid';
  const same = [...samePadding(size[0], window[0], strides[0]), ...samePadding(size[1], window[1], strides[1])];
  return same.every((one, side) => one === padding[side]) ? 'same' : padding;
}

/** A map with rows and columns of `value` around it. */
export function padded(x: Tensor4D, sides: readonly [number, number, number, number], value = 0): Tensor4D {
  const [top, bottom, left, right] = sides;
  const paddings: Paddings = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return writtenFor === 'card' && value === 0 ? withZeros(x, paddings) : tf.pad4d(x, paddings, value);
}

type Pair = [before: number, after: number];
type Paddings = [Pair, Pair, Pair, Pair];

/** By `Pad`, which knows its zeros: `PadV2` takes the number from the host's memory, and a card would copy it there in every step. */
function withZeros(x: Tensor4D, paddings: Paddings): Tensor4D {
  const pad = tf.customGrad(((map: Tensor) => ({
    value: operation(
      'Pad',
      [attribute.float32('T'), attribute.type('Tpaddings', binding().TF_INT32)],
      [map, tf.tensor2d(paddings, [4, 2], 'int32')],
    ),
    gradFunc: (dy: Tensor) =>
      tf.slice(
        dy,
        paddings.map(([before]) => before),
        map.shape,
      ),
  })) as never);
  return pad(x) as Tensor4D;
}
