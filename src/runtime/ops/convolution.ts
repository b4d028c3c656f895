import { type OpAttribute, type Tensor, type Tensor4D, tf } from '../tensorflow.js';
import { bitExact, writtenFor } from '../written-for.js';
import { depthwiseByTaps } from './depthwise-by-taps.js';
import { attribute, ints, operation } from './operation.js';
import { type ConvOptions, namedPadding, padded, samePadding } from './padding.js';

type Named = ConvOptions & { padding: 'same' | 'valid' };
/** How the gradient by a kernel is computed, from the input, the kernel's shape and the gradient by the output. */
type TowardsKernel = (options: Named, input: Tensor, shape: readonly number[], dy: Tensor) => Tensor;

function attributes({ strides, dilations, padding }: Named): OpAttribute[] {
  return [
    attribute.float32('T'),
    attribute.ints('strides', [1, ...strides, 1]),
    attribute.ints('dilations', [1, ...dilations, 1]),
    attribute.string('data_format', 'NHWC'),
    attribute.string('padding', padding.toUpperCase()),
  ];
}

type Pair = (x: Tensor4D, kernel: Tensor4D) => Tensor4D;

/**
 * Convolution of NHWC maps with an HWIO kernel, its gradient by TensorFlow's own operations (tfjs's cannot train dilated
 * convolutions, tfjs#7906).
 *
 * Padding that is neither SAME nor VALID is written out: with TensorFlow's EXPLICIT the gradient by the kernel leaves oneDNN
 * and is three times slower (a 7×7 stem), a dilated one cannot be differentiated, and a depthwise one ends the process.
 */
export function convolution(x: Tensor4D, kernel: Tensor4D, options: ConvOptions): Tensor4D {
  const { input, padding } = withPadding(x, kernel, options);
  return gradiented('Conv2D', 'Conv2DBackpropInput', kernelGradient, { ...options, padding })(input, kernel);
}

/** Depthwise convolution; the kernel is [height, width, channels, multiplier]. One of one place is a factor for each channel. */
export function depthwiseConvolution(x: Tensor4D, kernel: Tensor4D, options: ConvOptions): Tensor4D {
  const [height, width, channels, multiplier] = kernel.shape;
  const scales = height === 1 && width === 1 && multiplier === 1 && options.strides.every((one) => one === 1);
  if (scales && (typeof options.padding === 'string' || options.padding.every((one) => one === 0)))
    return tf.mul(x, tf.reshape(kernel, [channels]));
  // Tap by tap too where bits count: on a card TensorFlow sums the gradient by the kernel in whatever order its threads come.
  if (bitExact || options.dilations.some((one) => one > 1)) return depthwiseByTaps(x, kernel, options);
  const { input, padding } = withPadding(x, kernel, options);
  return gradiented('DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', depthwiseKernelGradient, {
    ...options,
    padding,
  })(input, kernel);
}

/** The input with the zeros that neither SAME nor VALID would add, and the padding that is left to the operation. */
function withPadding(x: Tensor4D, kernel: Tensor4D, options: ConvOptions): { input: Tensor4D; padding: 'same' | 'valid' } {
  const { strides, dilations } = options;
  const reach = (axis: 0 | 1): number => ((kernel.shape[axis] as number) - 1) * dilations[axis] + 1;
  const padding = namedPadding(options.padding, [x.shape[1], x.shape[2]], [reach(0), reach(1)], strides);
  return padding === 'same' || padding === 'valid' ? { input: x, padding } : { input: padded(x, padding), padding: 'valid' };
}

/**
 * The gradient by a kernel of one place is a product of matrices, [places, inputs]ᵀ · [places, outputs], of the places that its strides
 * meet: a fifth faster than the convolution's own operation, and faster by another fifth where it has fewer rows than columns. On a card
 * it is the convolution's own: cuDNN has it in any layout, where a product would have the maps turned to and fro.
 */
const kernelGradient: TowardsKernel = (options, input, shape, dy) => {
  const [height, width, inputs, outputs] = shape as readonly [number, number, number, number];
  if (height * width > 1 || writtenFor === 'card')
    return operation('Conv2DBackpropFilter', attributes(options), [input, ints(shape), dy]);
  const [x, y] = [tf.reshape(everyNth(input as Tensor4D, options.strides), [-1, inputs]), tf.reshape(dy, [-1, outputs])];
  const product = inputs <= outputs ? tf.matMul(x, y, true) : tf.transpose(tf.matMul(y, x, true));
  return tf.reshape(product, [...shape]);
};

/** The places of a map that windows of one place meet: every nth row and column, from the first one on. */
function everyNth(map: Tensor4D, [down, across]: readonly [number, number]): Tensor4D {
  const [batch, height, width, channels] = map.shape;
  if (down === 1 && across === 1) return map;
  if (height % down > 0 || width % across > 0) {
    return tf.stridedSlice(map, [0, 0, 0, 0], map.shape, [1, down, across, 1]) as Tensor4D;
  }
  // The same by copying whole pixels; a slice in strides goes number by number.
  const [rows, columns] = [height / down, width / across];
  const met = tf.slice(
    tf.reshape(map, [batch, rows, down, columns, across * channels]),
    [0, 0, 0, 0, 0],
    [batch, rows, 1, columns, channels],
  );
  return tf.reshape(met, [batch, rows, columns, channels]);
}

/**
 * oneDNN's gradient by a depthwise kernel is made for three places in a row; for more it takes a general one, nearly twice as slow
 * as TensorFlow's own. EXPLICIT padding is what leads there.
 */
const depthwiseKernelGradient: TowardsKernel = (options, input, shape, dy) => {
  const [height, width] = shape as readonly [number, number];
  const inputs = [input, ints(shape), dy];
  if (Math.max(height, width) <= 3) return operation('DepthwiseConv2dNativeBackpropFilter', attributes(options), inputs);
  const pads = (axis: 0 | 1) =>
    options.padding === 'valid'
      ? [0, 0]
      : samePadding(input.shape[axis + 1] as number, shape[axis] as number, options.strides[axis]);
  const explicit = [
    ...attributes(options).filter(({ name }) => name !== 'padding'),
    attribute.string('padding', 'EXPLICIT'),
    attribute.ints('explicit_paddings', [0, 0, ...pads(0), ...pads(1), 0, 0]),
  ];
  return operation('DepthwiseConv2dNativeBackpropFilter', explicit, inputs);
};

function gradiented(forward: string, towardsInput: string, towardsKernel: TowardsKernel, options: Named): Pair {
  const custom = tf.customGrad(((x: Tensor, kernel: Tensor, save: (tensors: Tensor[]) => void) => {
    save([x, kernel]);
    return {
      value: operation(forward, attributes(options), [x, kernel]),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [input, weights] = saved as [Tensor, Tensor];
        return [
          operation(towardsInput, attributes(options), [ints(input.shape), weights, dy]),
          towardsKernel(options, input, weights.shape, dy),
        ];
      },
    };
  }) as never);
  return custom as unknown as Pair;
}
