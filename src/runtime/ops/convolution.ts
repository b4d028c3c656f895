import { type OpAttribute, type Tensor, type Tensor4D, tf } from '../tensorflow.js';
import { dilatedDepthwise } from './dilated-depthwise.js';
import { attribute, ints, operation } from './operation.js';
import { type ConvOptions, namedPadding, type Padding, padded } from './padding.js';

function attributes({ strides, dilations, padding }: ConvOptions): OpAttribute[] {
  const common = [
    attribute.float32('T'),
    attribute.ints('strides', [1, ...strides, 1]),
    attribute.ints('dilations', [1, ...dilations, 1]),
    attribute.string('data_format', 'NHWC'),
  ];
  if (padding === 'same' || padding === 'valid') return [...common, attribute.string('padding', padding.toUpperCase())];
  return [...common, attribute.string('padding', 'EXPLICIT'), attribute.ints('explicit_paddings', [0, 0, ...padding, 0, 0])];
}

type Pair = (x: Tensor4D, kernel: Tensor4D) => Tensor4D;

/**
 * Convolution of NHWC maps with an HWIO kernel, its gradient by TensorFlow's own operations. tfjs's conv2d cannot train
 * dilated convolutions (tfjs#7906) and pays for explicit padding with a copy; this does neither.
 */
export function convolution(x: Tensor4D, kernel: Tensor4D, options: ConvOptions): Tensor4D {
  // oneDNN cannot differentiate a dilated convolution with explicit padding: there the zeros are written out.
  const explicit = options.dilations.every((one) => one === 1);
  const { input, padding } = withPadding(x, kernel, options, explicit);
  return gradiented('Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', { ...options, padding })(input, kernel);
}

/** Depthwise convolution; the kernel is [height, width, channels, multiplier]. */
export function depthwiseConvolution(x: Tensor4D, kernel: Tensor4D, options: ConvOptions): Tensor4D {
  if (options.dilations.some((one) => one > 1)) return dilatedDepthwise(x, kernel, options);
  // With explicit padding, the shape function of this operation ends the process in TensorFlow 2.21 ("Invalid index from the
  // dimension"): the zeros are written out.
  const { input, padding } = withPadding(x, kernel, options, false);
  return gradiented('DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter', {
    ...options,
    padding,
  })(input, kernel);
}

/** The input and the padding that the operation itself is given, where it can (`explicit`) or cannot add zeros at each side. */
function withPadding(
  x: Tensor4D,
  kernel: Tensor4D,
  options: ConvOptions,
  explicit: boolean,
): { input: Tensor4D; padding: Padding } {
  const padding = paddingFor(x, kernel, options);
  if (explicit || padding === 'same' || padding === 'valid') return { input: x, padding };
  return { input: padded(x, padding), padding: 'valid' };
}

function paddingFor(x: Tensor4D, kernel: Tensor4D, { padding, strides, dilations }: ConvOptions): Padding {
  const reach = (axis: 0 | 1): number => ((kernel.shape[axis] as number) - 1) * dilations[axis] + 1;
  return namedPadding(padding, [x.shape[1], x.shape[2]], [reach(0), reach(1)], strides);
}

function gradiented(forward: string, towardsInput: string, towardsKernel: string, options: ConvOptions): Pair {
  const custom = tf.customGrad(((x: Tensor, kernel: Tensor, save: (tensors: Tensor[]) => void) => {
    save([x, kernel]);
    return {
      value: operation(forward, attributes(options), [x, kernel]),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [input, weights] = saved as [Tensor, Tensor];
        return [
          operation(towardsInput, attributes(options), [ints(input.shape), weights, dy]),
          operation(towardsKernel, attributes(options), [input, ints(weights.shape), dy]),
        ];
      },
    };
  }) as never);
  return custom as unknown as Pair;
}
