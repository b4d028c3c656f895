import { DT } from '../../graph/proto.js';
import { broadcastShapes, convOutput, poolOutput } from './arithmetic.js';
import { type Attributes, at, each, like, type Rule, type Rules, written } from './rule.js';

const numbers = (attributes: Attributes, name: string): readonly number[] | undefined =>
  attributes.get(name) as readonly number[] | undefined;

const matMul =
  (transposeA: string, transposeB: string): Rule =>
  (inputs, attributes) => {
    const a = at(inputs, 0).shape;
    const b = at(inputs, 1).shape;
    const rows = a.at(attributes.get(transposeA) === true ? -1 : -2) as number;
    const columns = b.at(attributes.get(transposeB) === true ? -2 : -1) as number;
    return [{ shape: [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows, columns] }];
  };

const convolution =
  (depthwise: boolean): Rule =>
  (inputs, attributes) => {
    const [height, width, channels, last] = at(inputs, 1).shape as [number, number, number, number];
    const shape = convOutput(at(inputs, 0).shape, [height, width], depthwise ? channels * last : last, {
      strides: numbers(attributes, 'strides') ?? [1, 1, 1, 1],
      dilations: numbers(attributes, 'dilations') ?? [1, 1, 1, 1],
      padding: attributes.get('padding') as string,
      explicit: numbers(attributes, 'explicit_paddings') ?? [],
    });
    return [{ shape }];
  };

const pool: Rule = (inputs, attributes) => {
  const size = numbers(attributes, 'ksize') ?? [1, 1, 1, 1];
  const strides = numbers(attributes, 'strides') ?? [1, 1, 1, 1];
  return [{ shape: poolOutput(at(inputs, 0).shape, size, strides, attributes.get('padding') as string) }];
};

/** The map, then values of one number a channel, then what the operation keeps for its gradient. */
const batchNorm =
  (channels: number, kept: readonly (readonly number[])[]): Rule =>
  (inputs) => {
    const { shape } = at(inputs, 0);
    const channel = { shape: [shape.at(-1) as number], dtype: DT.float32 };
    return [
      { shape },
      ...Array<typeof channel>(channels).fill(channel),
      ...kept.map((one) => ({ shape: one, dtype: DT.float32 })),
    ];
  };

/** Loss of each row, and the gradient by the logits. */
const crossEntropy: Rule = (inputs) => {
  const { shape } = at(inputs, 0);
  return [{ shape: [shape[0] as number] }, { shape }];
};

/** The operations of networks: products, convolutions, pools, normalisation, losses, and their gradients. */
export const layers: Rules = [
  ['MatMul', matMul('transpose_a', 'transpose_b')],
  ...each('BatchMatMul BatchMatMulV2', matMul('adj_x', 'adj_y')),
  ['Conv2D', convolution(false)],
  ['DepthwiseConv2dNative', convolution(true)],
  ...each('Conv2DBackpropInput DepthwiseConv2dNativeBackpropInput', written(0, DT.float32)),
  ...each('Conv2DBackpropFilter DepthwiseConv2dNativeBackpropFilter', written(1, DT.float32)),
  ['BiasAddGrad', (inputs) => [{ shape: [at(inputs, 0).shape.at(-1) as number] }]],
  ...each('MaxPool AvgPool', pool),
  ['MaxPoolGrad', like(0)],
  ['AvgPoolGrad', written(0, DT.float32)],
  ['FusedBatchNormV3', batchNorm(4, [[0]])],
  ['FusedBatchNormGradV3', batchNorm(2, [[], []])],
  ...each('SparseSoftmaxCrossEntropyWithLogits SoftmaxCrossEntropyWithLogits', crossEntropy),
];
