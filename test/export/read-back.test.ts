import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { networkFromFile } from '../../src/backbones/from-file.js';
import type { ExportedClassifier, FinishedModel } from '../../src/export/model.js';
import { ONNX_CLASSIFIER, ONNX_FILE, writeOnnxModel } from '../../src/export/onnx.js';
import { writeSavedModel } from '../../src/export/savedmodel.js';
import { writeTfjsGraph } from '../../src/export/tfjs-graph.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import type { ActivationName, Network } from '../../src/network/network.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import type { ImageLayout } from '../../src/weights/onnx/image-entry.js';
import { formulaNetwork } from '../train/formula.js';
import { network, type Sketch, unit } from '../weights/sketched-network.js';
import { temporaryFolder } from '../weights/temporary.js';
import { numbers, relativeDifference } from '../weights/tfjs-folder.js';

const SIDE = 24;
const bytes = tf.keep(
  tf.tensor4d(
    numbers(2 * SIDE * SIDE * 3).map((one) => Math.floor(128 * (one + 1))),
    [2, SIDE, SIDE, 3],
  ),
) as Tensor4D;

function features(of: Network): Float32Array {
  const values = new Map([...of.variables.values()].map((one) => [one.name, tf.tensor(one.values, [...one.shape])]));
  const map = forward(of, normalise(bytes, of.preprocessing), (name) => values.get(name) as Tensor);
  return Float32Array.from(globalPool(map).dataSync());
}

/** How a model is written into a folder; gives the path by which it is read. */
type Write = (model: FinishedModel, folder: string, classifier: ExportedClassifier) => Promise<string>;

const savedModel: Write = async (model, folder) => {
  await writeSavedModel(model, folder);
  return folder;
};
const onnx =
  (layout: ImageLayout, file = ONNX_FILE): Write =>
  async (model, folder, classifier) => {
    await writeOnnxModel(model, folder, { classifier, layout });
    return join(folder, file);
  };
const written: readonly (readonly [string, Write])[] = [
  ['a SavedModel', savedModel],
  ['ONNX', onnx('nhwc')],
];

/** Written, and read again by its path alone: the same pooled features of the same bytes. */
async function readBack(made: Network, write: Write): Promise<Network> {
  const head = { kernel: numbers(made.features * 5, 3), bias: numbers(5, 4), inputs: made.features, outputs: 5 };
  const model = { network: made, weights: {}, head, side: SIDE };
  const path = await write(model, await temporaryFolder(), { head, labels: ['a', 'b', 'c', 'd', 'e'] });
  const { network: back } = await networkFromFile(path, { progress: silent });
  expect(back.side).toBe(SIDE);
  expect(back.features).toBe(made.features);
  expect(relativeDifference(features(back), features(made))).toBeLessThan(1e-5);
  for (const at of [0, 1, 2]) {
    expect(back.preprocessing.mean[at]).toBeCloseTo(made.preprocessing.mean[at] as number, 3);
    expect(back.preprocessing.std[at]).toBeCloseTo(made.preprocessing.std[at] as number, 3);
  }
  return back;
}

const conv = (name: string, kernel: number[], more: Record<string, unknown> = {}): Sketch => ({
  name,
  kind: 'conv',
  kernel,
  ...unit,
  ...more,
});
const alike = { mean: [120, 110, 100], std: [58, 58, 58] } as const;

describe('the forms of an export are a backbone again', () => {
  it.each<[string, Write]>([
    [
      'a SavedModel of classes',
      async (model, folder, classifier) => {
        await writeSavedModel(model, folder, { classifier, result: 'classes' });
        return folder;
      },
    ],
    ['ONNX of channels first', onnx('nchw')],
    ['ONNX of a classifier', onnx('nhwc', ONNX_CLASSIFIER)],
    [
      'a tfjs graph',
      async (model, folder) => {
        await writeTfjsGraph(model, folder);
        return folder;
      },
    ],
  ])('%s', async (_, write) => {
    await readBack(formulaNetwork(), write);
  });
});

describe.each(written)('what ft exported as %s is a backbone again', (_, write) => {
  it('with a network with BatchNorm, which is folded', async () => {
    await readBack(formulaNetwork(), write);
  });

  it('that takes the bytes as they are, or small ones', async () => {
    for (const preprocessing of [
      { mean: [0, 0, 0], std: [1, 1, 1] },
      { mean: [0.5, 0.25, 0], std: [1, 1.5, 2] },
    ] as const)
      await readBack({ ...formulaNetwork(), preprocessing }, write);
  });

  it('with layer normalisation, a scale for each channel and dilated convolutions, its divisor one for all channels', async () => {
    const made = network(
      [
        conv('a', [4, 4, 3, 8], { strides: [4, 4], bias: [8] }),
        { name: 'norm', kind: 'layer-norm', gamma: [8], beta: [8], epsilon: 1e-6 },
        { name: 'wide', kind: 'depthwise-conv', kernel: [5, 5, 8, 1], bias: [8], ...unit, padding: 'same' },
        { name: 'plain', kind: 'layer-norm', epsilon: 1e-6 },
        conv('up', [1, 1, 8, 16], { bias: [16] }),
        { name: 'gelu', kind: 'activation', activation: 'gelu' },
        conv('down', [1, 1, 16, 8], { bias: [8] }),
        { name: 'scale', kind: 'depthwise-conv', kernel: [1, 1, 8, 1], ...unit },
        { name: 'sum', kind: 'add', inputs: ['scale', 'norm'] },
        conv('dilated', [3, 3, 8, 8], { padding: 'same', dilations: [2, 2], bias: [8] }),
      ],
      8,
    );
    const back = await readBack({ ...made, preprocessing: alike }, write);
    const kinds = back.layers.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'layer-norm')).toHaveLength(2);
    const widest = back.layers.flatMap((layer) => ('dilations' in layer ? [layer.dilations[0]] : []));
    expect(Math.max(...widest)).toBe(2);
  });

  it.each<ActivationName>([
    'relu',
    'relu6',
    'sigmoid',
    'tanh',
    'swish',
    'gelu',
    'gelu-tanh',
    'hard-sigmoid',
    'hard-swish',
    'elu',
    'selu',
    'softplus',
    'mish',
    'leaky-relu',
    'softmax',
  ])('with %s', async (activation) => {
    const slope = activation === 'leaky-relu' ? { slope: 0.3 } : {};
    const made = network(
      [
        conv('a', [3, 3, 3, 6], { strides: [2, 2], padding: 'same', bias: [6] }),
        { name: 'b', kind: 'activation', activation, ...slope },
        conv('c', [3, 3, 6, 4], { padding: 'same' }),
      ],
      4,
    );
    const back = await readBack(made, write);
    expect(back.layers.flatMap((layer) => (layer.kind === 'activation' ? [layer.activation] : []))).toEqual([activation]);
  });
});
