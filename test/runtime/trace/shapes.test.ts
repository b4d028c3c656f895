import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchNormTraining } from '../../../src/runtime/ops/batch-norm.js';
import { convolution, depthwiseConvolution } from '../../../src/runtime/ops/convolution.js';
import { averagePool, maxPool } from '../../../src/runtime/ops/pool.js';
import { backend, type NodeBackend, type Tensor, type Tensor4D, type TensorInfo, tf } from '../../../src/runtime/tensorflow.js';
import { shapeRule } from '../../../src/runtime/trace/shapes/registry.js';

/** What the rules said of every operation that was really run, against what came out. */
let checked: { op: string; inferred: unknown; real: unknown }[] = [];
let restore = () => {};

beforeEach(() => {
  checked = [];
  const node = backend() as NodeBackend & Record<string, unknown>;
  const prototype = Object.getPrototypeOf(node) as NodeBackend;
  const compare = (
    op: string,
    attributes: { name: string; value: unknown }[],
    inputs: readonly TensorInfo[],
    outputs: Tensor[],
  ) => {
    const known = inputs.map((input) => ({
      shape: input.shape,
      dtype: 1,
      values: () => [...(prototype.readSync.call(node, input.dataId) as Int32Array)],
    }));
    const inferred = shapeRule(op)?.(known, new Map(attributes.map(({ name, value }) => [name, value])));
    checked.push({
      op,
      inferred: inferred?.slice(0, outputs.length).map(({ shape }) => [...shape]),
      real: outputs.map(({ shape }) => shape),
    });
  };
  node.executeSingleOutput = (op, attributes, inputs) => {
    const output = prototype.executeSingleOutput.call(node, op, attributes, inputs);
    compare(op, attributes, inputs, [output]);
    return output;
  };
  node.executeMultipleOutputs = (op, attributes, inputs, count) => {
    const outputs = prototype.executeMultipleOutputs.call(node, op, attributes, inputs, count);
    compare(op, attributes, inputs, outputs);
    return outputs;
  };
  restore = () => {
    delete (node as Record<string, unknown>).executeSingleOutput;
    delete (node as Record<string, unknown>).executeMultipleOutputs;
  };
});
afterEach(() => restore());

function operations(): string[] {
  for (const { op, inferred, real } of checked) expect({ op, shapes: inferred }).toEqual({ op, shapes: real });
  return [...new Set(checked.map(({ op }) => op))];
}

const paddings = ['same', 'valid', [1, 2, 0, 1]] as const;

describe('the inferred shapes are those that TensorFlow gives', () => {
  it.each([9, 10, 13])(
    'for convolutions and pools with every padding, stride and dilation, and their gradients, at %i px',
    (side) => {
      const x = tf.ones([2, side, side + 1, 3]) as Tensor4D;
      for (const padding of paddings) {
        for (const [strides, dilations] of [
          [
            [1, 1],
            [1, 1],
          ],
          [
            [2, 2],
            [1, 1],
          ],
          [
            [1, 1],
            [2, 2],
          ],
        ] as const) {
          for (const [apply, kernel] of [
            [convolution, tf.ones([3, 2, 3, 4])],
            [depthwiseConvolution, tf.ones([3, 2, 3, 2])],
          ] as const) {
            tf.grads((a, k) => tf.sum(apply(a as Tensor4D, k as Tensor4D, { strides, dilations, padding })))([x, kernel]);
          }
          const one = tf.ones([1, 1, 3, 4]);
          tf.grads((a, k) => tf.sum(convolution(a as Tensor4D, k as Tensor4D, { strides, dilations, padding })))([x, one]);
        }
        if (typeof padding !== 'string') continue;
        for (const apply of [maxPool, averagePool])
          tf.grad((a) => tf.sum(apply(a as Tensor4D, { size: [3, 2], strides: [2, 1], padding })))(x);
      }
      expect(operations()).toEqual(
        expect.arrayContaining([
          'Conv2D',
          'Conv2DBackpropInput',
          'Conv2DBackpropFilter',
          'DepthwiseConv2dNative',
          'DepthwiseConv2dNativeBackpropInput',
          'DepthwiseConv2dNativeBackpropFilter',
          'MaxPool',
          'MaxPoolGrad',
          'AvgPool',
          'AvgPoolGrad',
          'PadV2',
          'StridedSlice',
        ]),
      );
    },
  );

  it('for what tfjs rearranges and reduces, and its gradients', () => {
    const x = tf.reshape(tf.range(0, 24), [2, 3, 4]);
    tf.grad((a) => tf.add(tf.sum(tf.mean(a, [0, 2])), tf.sum(tf.max(tf.transpose(a, [2, 0, 1]), 1, true))) as never)(x);
    tf.tidy(() => [
      tf.argMax(x, 1),
      tf.tile(x, [2, 1, 3]),
      tf.concat([x, x, x], 1),
      tf.split(x, [1, 2], 1),
      tf.split(x, 2, -1),
      tf.stack([x, x], 2),
      tf.slice(x, [0, 1, 1], [2, -1, 2]),
      tf.expandDims(x, 1),
      tf.oneHot(tf.tensor1d([1, 0, 2], 'int32'), 5),
      tf.matMul(x, x, false, true),
      tf.matMul(tf.ones([3, 2]), tf.ones([3, 5]), true),
      tf.where(tf.greater(x, 3), x, tf.zerosLike(x)),
      tf.broadcastTo(tf.ones([1, 3, 1]), [2, 3, 4]),
      tf.softmax(x),
      tf.cast(x, 'int32'),
      tf.logicalAnd(tf.isNaN(x), tf.lessEqual(x, 2)),
      tf.any(tf.equal(x, 1), 1),
      tf.topk(x, 2),
      tf.cumsum(x, 1),
      tf.pad(x, [
        [0, 1],
        [2, 0],
        [1, 1],
      ]),
      tf.maximum(x, tf.ones([4])),
      tf.sub(tf.ones([3, 1]), tf.ones([2, 1, 4])),
      tf.fill([2, 0, 3], 1),
    ]);
    expect(operations()).toEqual(
      expect.arrayContaining([
        'Sum',
        'Mean',
        'Max',
        'Transpose',
        'ArgMax',
        'Tile',
        'ConcatV2',
        'SplitV',
        'Slice',
        'OneHot',
        'Reshape',
        'Cast',
        'TopKV2',
      ]),
    );
  });

  it('for batch normalisation and its gradient', () => {
    tf.grads((a, g, b) => tf.sum(batchNormTraining(a as Tensor4D, g as never, b as never, 1e-3).y))([
      tf.randomUniform([2, 4, 4, 3]),
      tf.ones([3]),
      tf.zeros([3]),
    ]);
    expect(operations()).toEqual(expect.arrayContaining(['FusedBatchNormV3', 'FusedBatchNormGradV3']));
  });
});
