import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { forward } from '../../src/network/forward.js';
import type { Layer, Network } from '../../src/network/network.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { readSavedModel } from '../../src/weights/tensorflow/saved-model.js';
import { formulaImage } from './onnx-runtime.js';
import { relativeDifference } from './tfjs-folder.js';

interface Golden {
  readonly shape: number[];
  readonly values: number[];
  readonly gradient: number[];
}
const FOLDER = fileURLToPath(new URL('../golden/tensorflow-forms', import.meta.url));
const golden = JSON.parse(readFileSync(`${FOLDER}.json`, 'utf8')) as {
  side: number;
  forms: Record<string, Golden>;
  tf1: Record<string, Golden>;
};
const raw = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** The map for the golden's image, and the gradient of the sum of its squares by the stem's kernel. */
function outcome(network: Network): Golden {
  const { side } = golden;
  const x = tf.tensor4d(formulaImage(side, side), [1, side, side, 3]) as Tensor4D;
  const stem = network.layers.find((layer) => layer.kind === 'conv') as Extract<Layer, { kind: 'conv' }>;
  const values = new Map([...network.variables.values()].map((one) => [one.name, tf.tensor(one.values, [...one.shape])]));
  const map = (kernel: Tensor): Tensor =>
    forward(network, x, (name) => (name === stem.kernel ? kernel : (values.get(name) as Tensor)));
  const kernel = values.get(stem.kernel) as Tensor;
  const result = map(kernel);
  const gradient = tf.grad((one: Tensor) => tf.sum(tf.square(map(one))))(kernel);
  return { shape: result.shape, values: [...result.dataSync()], gradient: [...gradient.dataSync()] };
}

function compare(network: Network, { shape, values, gradient }: Golden): void {
  const found = outcome(network);
  expect(found.shape).toEqual(shape);
  expect(relativeDifference(found.values, values)).toBeLessThan(1e-5);
  expect(relativeDifference(found.gradient, gradient)).toBeLessThan(1e-4);
}

/** What lies between the two convolutions about each form. */
const middle = (network: Network): string[] =>
  network.layers.slice(2, -1).map((layer) => (layer.kind === 'activation' ? layer.activation : layer.kind));

const FORMS: readonly [name: string, layers: readonly string[]][] = [
  ...['gelu-erfc', 'gelu-erf', 'gelu-erf-product'].map((name) => [name, ['gelu']] as [string, string[]]),
  ...['gelu-tanh', 'gelu-tanh-cube', 'gelu-tanh-factored'].map((name) => [name, ['gelu-tanh']] as [string, string[]]),
  ...['elu', 'selu', 'softplus', 'mish', 'swish', 'leaky-relu'].map((name) => [name, [name]] as [string, string[]]),
  ['leaky-relu-maximum', ['leaky-relu']],
  ['prelu', ['relu', 'depthwise-conv', 'relu', 'depthwise-conv', 'add']],
  ...['keras3', 'keras3-plain', 'keras3-scale', 'keras2', 'batch-normalization', 'by-hand'].map(
    (name) => [`layer-norm-${name}`, ['layer-norm']] as [string, string[]],
  ),
  ['layer-norm-of-sum', ['layer-norm', 'add']],
  ['layer-norm-behind-another', ['layer-norm', 'relu', 'add', 'layer-norm']],
  ...['dilated', 'dilated-space-to-batch', 'dilated-space-to-batch-valid', 'dilated-space-to-batch-open'].map(
    (name) => [name, ['conv']] as [string, string[]],
  ),
  ['dilated-depthwise', ['depthwise-conv', 'relu']],
  ['dilated-bias-inside', ['conv', 'relu']],
  ['dense-on-map', ['conv']],
  ['dense-on-map-open', ['conv', 'relu']],
  ['dense-on-rows', ['conv', 'relu']],
  ['grouped', ['depthwise-conv']],
];

describe('what TensorFlow writes in several ways is the one layer that it is, with its map and its gradient', () => {
  it('and every form of the golden stands here', () => {
    expect(FORMS.map(([name]) => name).sort()).toEqual(Object.keys(golden.forms).sort());
  });

  it.each(FORMS)('%s', async (name, layers) => {
    const network = await readSavedModel(`${FOLDER}/${name}`, { name, preprocessing: raw, side: golden.side });
    expect(middle(network).sort()).toEqual([...layers].sort());
    compare(network, golden.forms[name] as Golden);
  });
});

describe('a SavedModel of TensorFlow 1, its checkpoint in two shards', () => {
  it.each(['tf1', 'tf1-resource'])('%s', async (name) => {
    const network = await readSavedModel(`${FOLDER}/${name}`, { name, preprocessing: raw });
    expect(network.layers.map(({ kind }) => kind)).toEqual(['input', 'conv', 'batch-norm', 'activation', 'conv']);
    expect([...network.variables.keys()]).toContain('stem/kernel');
    compare(network, golden.tf1[name] as Golden);
  });
});
