import type { onnx as Onnx } from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { flipInputChannels, scaleInput } from '../../src/weights/input-scale.js';
import { type OnnxOptions, readOnnx } from '../../src/weights/onnx/network.js';
import { int, ints, listed, model, node, raw, text, value } from './onnx-handmade.js';
import { channelsLast } from './onnx-runtime.js';
import { numbers, outputOf, relativeDifference } from './tfjs-folder.js';

const options: OnnxOptions = {
  where: 'net.onnx',
  name: 'net',
  output: 'out',
  side: 16,
  preprocessing: { mean: [1, 2, 3], std: [1, 1, 1] },
  stages: { conv1: ['*'] },
};

const nhwc = value('images', ['n', 'h', 'w', 3]);
const out = value('out', ['a', 'b', 'c', 'd']);
const small = model(
  [
    node('Transpose', ['images'], 'first', [ints('perm', [0, 3, 1, 2])]),
    node('Conv', ['first', 'k1', 'b1'], 'stem', [
      ints('strides', [2, 2]),
      ints('pads', [1, 0, 2, 1]),
      ints('kernel_shape', [3, 2]),
    ]),
    node('Relu', ['stem'], 'stem_relu'),
    node('MaxPool', ['stem_relu'], 'pool', [ints('strides', [2, 2]), ints('kernel_shape', [3, 3]), ints('pads', [0, 0, 1, 1])]),
    node('Conv', ['pool', 'k2'], 'depthwise', [
      text('auto_pad', 'SAME_UPPER'),
      int('group', 4),
      ints('strides', [2, 1]),
      ints('kernel_shape', [3, 3]),
    ]),
    node('Conv', ['depthwise', 'k3', 'b3'], 'wide', [
      ints('pads', [2, 2, 2, 2]),
      ints('dilations', [2, 2]),
      ints('kernel_shape', [3, 3]),
    ]),
    node('Add', ['wide', 'depthwise'], 'out'),
    node('Softmax', ['out'], 'above'),
  ],
  [
    raw('k1', [4, 3, 3, 2], 1),
    raw('b1', [4], 2),
    listed('k2', [8, 1, 3, 3], 3),
    raw('k3', [8, 8, 3, 3], 4),
    listed('b3', [8], 5),
  ],
  nhwc,
  out,
);

async function reference(
  bytes: Uint8Array,
  x: Float32Array,
  dims: number[],
): Promise<{ values: Float32Array; dims: readonly number[] }> {
  const session = await ort.InferenceSession.create(bytes);
  const result = (await session.run({ images: new ort.Tensor('float32', x, dims) })).out;
  return { values: result?.data as Float32Array, dims: result?.dims ?? [] };
}

describe('an ONNX model read into a network', () => {
  it.each([16, 17, 22])(
    "gives onnxruntime's numbers at side %i: pads, strides, dilations, depthwise, SAME_UPPER, a sum",
    async (side) => {
      const network = readOnnx(small, options);
      expect(network.layers.map((layer) => layer.name)).toEqual([
        'images',
        'stem',
        'stem_relu',
        'pool',
        'depthwise',
        'wide',
        'out',
      ]);
      expect(network.features).toBe(8);
      const x = numbers(2 * side * side * 3);
      const found = outputOf(network, [2, side, side, 3], x);
      const expected = await reference(small, x, [2, side, side, 3]);
      expect(found.shape).toEqual([expected.dims[0], expected.dims[2], expected.dims[3], expected.dims[1]]);
      expect(relativeDifference(found.values, channelsLast(expected.values, expected.dims))).toBeLessThan(1e-6);
    },
  );

  it.each([
    ['GlobalAveragePool', []],
    ['ReduceMean', [ints('axes', [2, -1]), int('keepdims', 0)]],
  ] as const)('reads %s as the global pool, and an input that is NCHW already', async (op, attributes) => {
    const bytes = model(
      [node('Conv', ['images', 'k'], 'conv', [ints('kernel_shape', [1, 1])]), node(op, ['conv'], 'out', [...attributes])],
      [raw('k', [5, 3, 1, 1], 1)],
      value('images', ['n', 3, 'h', 'w']),
      value('out', op === 'ReduceMean' ? ['n', 'c'] : ['n', 'c', 'h', 'w']),
    );
    const network = readOnnx(bytes, options);
    const x = numbers(2 * 3 * 4 * 4);
    const { values } = await reference(bytes, x, [2, 3, 4, 4]);
    const found = outputOf(network, [2, 4, 4, 3], channelsLast(x, [2, 3, 4, 4]));
    expect(found.shape).toEqual(op === 'ReduceMean' ? [2, 5] : [2, 1, 1, 5]);
    expect(relativeDifference(found.values, values)).toBeLessThan(1e-6);
  });

  it('is the same function on RGB after its input channels are turned round, and on a smaller input after scaling', async () => {
    const network = readOnnx(small, options);
    const changed = scaleInput(flipInputChannels(network), 58);
    expect(changed.preprocessing).toEqual({ mean: [1, 2, 3], std: [58, 58, 58] });
    const x = numbers(16 * 16 * 3).map((one) => 100 * one);
    const turned = x.map((_, at) => (x[at - (at % 3) + 2 - (at % 3)] ?? 0) / 58);
    const [before, after] = [outputOf(network, [1, 16, 16, 3], x), outputOf(changed, [1, 16, 16, 3], turned)];
    expect(relativeDifference(after.values, before.values)).toBeLessThan(1e-5);
    expect(network.variables.get('stem/kernel')?.values[0]).toBe(numbers(1)[0]);
  });

  it('names an operation that it does not read, where it stands below the output', () => {
    const bytes = model([node('PRelu', ['images'], 'gate'), node('Relu', ['gate'], 'out')], [], nhwc, out);
    expect(() => readOnnx(bytes, options)).toThrow(
      "net.onnx: PRelu 'node_gate' is an operation that ft does not read\n  expected: Conv, BatchNormalization",
    );
  });

  it.each<[string, Onnx.INodeProto, string]>([
    [
      'a dilated pool',
      node('MaxPool', ['images'], 'out', [ints('kernel_shape', [2, 2]), ints('dilations', [2, 2])]),
      "MaxPool 'node_out' is dilated",
    ],
    [
      'a grouped convolution',
      node('Conv', ['images', 'k'], 'out', [int('group', 2)]),
      "Conv 'node_out' has 2 groups of 3 channels",
    ],
    [
      'the rule SAME_LOWER',
      node('MaxPool', ['images'], 'out', [ints('kernel_shape', [2, 2]), text('auto_pad', 'SAME_LOWER')]),
      'pads by the rule SAME_LOWER',
    ],
    ['a mean over channels', node('ReduceMean', ['images'], 'out', [ints('axes', [1])]), 'averages over the axes 1'],
    ['a sum with a constant', node('Add', ['images', 'k'], 'out'), 'adds a constant'],
  ])('refuses %s', (_what, odd, message) => {
    expect(() => readOnnx(model([odd], [raw('k', [4, 3, 1, 1], 1)], value('images', ['n', 3, 'h', 'w']), out), options)).toThrow(
      message,
    );
  });

  it('says that the file is cut short, wherever it is cut', () => {
    for (const length of [1, 10, 100, small.length - 400, small.length - 1]) {
      expect(() => readOnnx(small.subarray(0, length), options), `${length} bytes`).toThrow(
        /net\.onnx: .*(not a whole ONNX file|holds no graph|not whole|no tensor|inputs|not a constant)/,
      );
    }
    expect(() => readOnnx(small.subarray(0, 0), options)).toThrow('holds no graph');
  });

  it('says that weights have fewer numbers than their shape', () => {
    const short = { ...raw('k', [4, 3, 1, 1], 1), rawData: new Uint8Array(20) };
    expect(() =>
      readOnnx(model([node('Conv', ['images', 'k'], 'out')], [short], value('images', ['n', 3, 'h', 'w']), out), options),
    ).toThrow("the weights 'k' are not whole\n  expected: 12 numbers\n  found:    5");
  });

  it('answers an output that the graph lacks with the nearest tensor', () => {
    expect(() => readOnnx(small, { ...options, output: 'stem_rely' })).toThrow("did you mean 'stem_relu'?");
  });
});
