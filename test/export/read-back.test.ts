import { describe, expect, it } from 'vitest';
import { networkFromFile } from '../../src/backbones/from-file.js';
import { writeSavedModel } from '../../src/export/savedmodel.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import type { ActivationName, Network } from '../../src/network/network.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
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

/** Written, and read again by its path alone: the same pooled features of the same bytes. */
async function readBack(made: Network, result: 'embedding' | 'classes' = 'embedding'): Promise<Network> {
  const folder = await temporaryFolder();
  const head = { kernel: numbers(made.features * 5, 3), bias: numbers(5, 4), inputs: made.features, outputs: 5 };
  const classifier = result === 'classes' ? { head, labels: ['a', 'b', 'c', 'd', 'e'] } : null;
  await writeSavedModel({ network: made, weights: {}, head, side: SIDE }, folder, { classifier, result });
  const { network: back } = await networkFromFile(folder, { progress: silent });
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

describe('a SavedModel that ft exported is a backbone again', () => {
  it.each(['embedding', 'classes'] as const)('with the %s of a network with BatchNorm, which is folded', async (result) => {
    await readBack(formulaNetwork(), result);
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
    const back = await readBack({ ...made, preprocessing: alike });
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
    const back = await readBack(made);
    expect(back.layers.flatMap((layer) => (layer.kind === 'activation' ? [layer.activation] : []))).toEqual([activation]);
  });
});
