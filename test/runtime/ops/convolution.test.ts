import { describe, expect, it } from 'vitest';
import { convolution, depthwiseConvolution } from '../../../src/runtime/ops/convolution.js';
import type { ConvOptions } from '../../../src/runtime/ops/padding.js';
import { type Tensor4D, tf } from '../../../src/runtime/tensorflow.js';

/** The definition, place by place; NHWC and HWIO. A depthwise kernel gives output channel c·m + k from input channel c. */
function byHand(
  x: number[][][][],
  k: number[][][][],
  { strides, dilations, padding }: ConvOptions,
  depthwise: boolean,
): number[] {
  const [height, width, channels] = [x[0]!.length, x[0]![0]!.length, x[0]![0]![0]!.length];
  const [kh, kw, out] = [k.length, k[0]!.length, depthwise ? channels * k[0]![0]![0]!.length : k[0]![0]![0]!.length];
  const reach = [(kh - 1) * dilations[0] + 1, (kw - 1) * dilations[1] + 1] as const;
  const same = (size: number, window: number, stride: number) =>
    Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
  const [top, bottom, left, right] =
    padding === 'valid'
      ? [0, 0, 0, 0]
      : padding === 'same'
        ? ([same(height, reach[0], strides[0]), same(width, reach[1], strides[1])].flatMap((total) => [
            Math.floor(total / 2),
            Math.ceil(total / 2),
          ]) as number[])
        : [...padding];
  const rows = Math.floor((height + top! + bottom! - reach[0]) / strides[0]) + 1;
  const columns = Math.floor((width + left! + right! - reach[1]) / strides[1]) + 1;
  const result: number[] = [];
  for (const image of x)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        for (let o = 0; o < out; o++) {
          let sum = 0;
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const pixel = image[r * strides[0] - top! + i * dilations[0]]?.[c * strides[1] - left! + j * dilations[1]];
              if (pixel === undefined) continue;
              if (depthwise) {
                const multiplier = out / channels;
                sum += pixel[Math.floor(o / multiplier)]! * k[i]![j]![Math.floor(o / multiplier)]![o % multiplier]!;
              } else for (let channel = 0; channel < channels; channel++) sum += pixel[channel]! * k[i]![j]![channel]![o]!;
            }
          result.push(sum);
        }
  return result;
}

const cases: ConvOptions[] = (['same', 'valid', [1, 1, 1, 1], [3, 3, 3, 3], [0, 1, 0, 1], [1, 2, 0, 1]] as const).flatMap(
  (padding) =>
    [
      { padding, strides: [1, 1], dilations: [1, 1] },
      { padding, strides: [2, 2], dilations: [1, 1] },
      { padding, strides: [1, 1], dilations: [2, 2] },
      { padding, strides: [2, 2], dilations: [2, 2] },
    ] as ConvOptions[],
);
// A kernel of one place and a wide depthwise one have gradients of their own.
const kinds = [
  ['convolution', convolution, false, [3, 2, 3, 4]],
  ['convolution with a kernel of one place', convolution, false, [1, 1, 3, 4]],
  ['convolution with a kernel of one place and fewer outputs', convolution, false, [1, 1, 3, 2]],
  ['depthwise convolution', depthwiseConvolution, true, [3, 2, 3, 2]],
  ['depthwise convolution with a wide kernel', depthwiseConvolution, true, [2, 5, 3, 2]],
] as const;

describe.each(kinds)('%s', (_, apply, depthwise, shape) => {
  it.each(cases.map((options) => [JSON.stringify(options), options] as const))(
    'is its definition, and its gradients are its slopes: %s',
    (_name, options) => {
      for (const side of [9, 10]) {
        // With rows and columns that a stride of 2 divides, and without.
        const x = tf.randomNormal([2, side, side === 10 ? 12 : 11, 3], 0, 1, 'float32', 5) as Tensor4D;
        const kernel = tf.randomNormal([...shape], 0, 1, 'float32', 6) as Tensor4D;
        const expected = byHand(x.arraySync(), kernel.arraySync(), options, depthwise);
        const y = apply(x, kernel, options);
        expect(y.size).toBe(expected.length);
        y.dataSync().forEach((value, at) => expect(value).toBeCloseTo(expected[at] as number, 3));
        // The operation is linear in each of its inputs: ⟨∂⟨y, w⟩/∂x, d⟩ = ⟨y(d), w⟩ exactly.
        const weight = tf.randomNormal(y.shape, 0, 1, 'float32', 7);
        const [dx, dk] = tf.grads((a, b) => tf.sum(tf.mul(apply(a as Tensor4D, b as Tensor4D, options), weight)))([
          x,
          kernel,
        ]) as [Tensor4D, Tensor4D];
        const direction = tf.randomNormal(x.shape, 0, 1, 'float32', 8) as Tensor4D;
        const turn = tf.randomNormal(kernel.shape, 0, 1, 'float32', 9) as Tensor4D;
        const dot = (a: typeof weight, b: typeof weight) => tf.sum(tf.mul(a, b)).dataSync()[0] as number;
        expect(dot(dx, direction)).toBeCloseTo(dot(apply(direction, kernel, options), weight), 2);
        expect(dot(dk, turn)).toBeCloseTo(dot(apply(x, turn, options), weight), 2);
      }
    },
  );
});
