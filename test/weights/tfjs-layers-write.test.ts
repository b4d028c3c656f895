import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Layer, type Network, type Variable, type VariableRole, variablesOf } from '../../src/network/network.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { readTfjsLayers } from '../../src/weights/tfjs/layers.js';
import { writeTfjsLayers } from '../../src/weights/tfjs/layers-write.js';
import { temporaryFolder } from './temporary.js';
import { numbers, outputOf, relativeDifference } from './tfjs-folder.js';

function network(): Network {
  const variables = new Map<string, Variable>();
  const variable = (layer: string, role: VariableRole, shape: number[]): string => {
    const name = `${layer}/${role}`;
    const values = numbers(
      shape.reduce((a, b) => a * b, 1),
      variables.size + 1,
    );
    variables.set(name, {
      name,
      layer,
      role,
      shape,
      values: role === 'variance' ? values.map((one) => one * one + 0.5) : values,
    });
    return name;
  };
  const square = (n: number): readonly [number, number] => [n, n];
  const layers: Layer[] = [
    { kind: 'input', name: 'input', inputs: [], stage: 'low' },
    {
      kind: 'conv',
      name: 'stem',
      inputs: ['input'],
      stage: 'low',
      kernel: variable('stem', 'kernel', [7, 7, 3, 8]),
      bias: variable('stem', 'bias', [8]),
      strides: square(2),
      dilations: square(1),
      padding: [3, 3, 3, 3],
    },
    { kind: 'activation', name: 'stem_relu', inputs: ['stem'], stage: 'low', activation: 'relu' },
    {
      kind: 'max-pool',
      name: 'pool',
      inputs: ['stem_relu'],
      stage: 'low',
      size: square(3),
      strides: square(2),
      padding: [0, 1, 0, 1],
    },
    {
      kind: 'depthwise-conv',
      name: 'deep',
      inputs: ['pool'],
      stage: 'high',
      kernel: variable('deep', 'kernel', [3, 3, 8, 2]),
      strides: square(1),
      dilations: square(1),
      padding: 'same',
    },
    {
      kind: 'batch-norm',
      name: 'norm',
      inputs: ['deep'],
      stage: 'high',
      beta: variable('norm', 'beta', [16]),
      mean: variable('norm', 'mean', [16]),
      variance: variable('norm', 'variance', [16]),
      epsilon: 0.002,
      momentum: 0.9,
    },
    { kind: 'activation', name: 'six', inputs: ['norm'], stage: 'high', activation: 'relu6' },
    {
      kind: 'conv',
      name: 'wide',
      inputs: ['six'],
      stage: 'high',
      kernel: variable('wide', 'kernel', [3, 3, 16, 16]),
      strides: square(1),
      dilations: square(2),
      padding: 'same',
    },
    { kind: 'add', name: 'sum', inputs: ['wide', 'six'], stage: 'high' },
    { kind: 'average-pool', name: 'mean', inputs: ['sum'], stage: 'high', size: square(2), strides: square(1), padding: 'valid' },
    { kind: 'global-average-pool', name: 'pooled', inputs: ['mean'], stage: 'high', keepDims: false },
    {
      kind: 'dense',
      name: 'top',
      inputs: ['pooled'],
      stage: 'high',
      kernel: variable('top', 'kernel', [16, 70_000]),
      bias: variable('top', 'bias', [70_000]),
    },
  ];
  return {
    name: 'net',
    preprocessing: { mean: [1, 2, 3], std: [4, 5, 6] },
    side: 40,
    layers,
    variables,
    output: 'top',
    features: 70_000,
    stages: ['low', 'high'],
  };
}

describe('a network written as a tfjs layers model', () => {
  it('comes back as the same network, to the last bit of each weight', async () => {
    const folder = await temporaryFolder();
    const written = network();
    await writeTfjsLayers(written, folder);
    const stages = {
      low: ['input', 'stem*', 'pool', 'pool_pad'],
      high: ['deep', 'norm', 'six', 'wide', 'sum', 'mean', 'pooled', 'top'],
    };
    const back = await readTfjsLayers(folder, {
      name: 'net',
      side: 40,
      preprocessing: written.preprocessing,
      stages,
      output: 'top',
    });
    expect(back.layers).toEqual(written.layers);
    expect([...back.variables.keys()]).toEqual([...written.variables.keys()]);
    for (const [name, variable] of written.variables) {
      const found = back.variables.get(name)?.values ?? new Float32Array();
      expect(Buffer.compare(Buffer.from(found.buffer), Buffer.from(variable.values.buffer)), name).toBe(0);
    }
    expect({ ...back, layers: [], variables: new Map() }).toEqual({ ...written, layers: [], variables: new Map() });
  });

  it('comes back where a layer is called as the padding of another would be', async () => {
    const folder = await temporaryFolder();
    const written = network();
    const renamed = (name: string) => (name === 'stem_relu' ? 'stem_pad' : name);
    const layers = written.layers.map((layer) => ({ ...layer, name: renamed(layer.name), inputs: layer.inputs.map(renamed) }));
    await writeTfjsLayers({ ...written, layers }, folder);
    const options = { name: 'net', side: 40, preprocessing: written.preprocessing, output: 'top' };
    const stages = {
      low: ['input', 'stem*', 'pool', 'pool_pad'],
      high: ['deep', 'norm', 'six', 'wide', 'sum', 'mean', 'pooled', 'top'],
    };
    expect((await readTfjsLayers(folder, { ...options, stages })).layers).toEqual(layers);
  });

  it('is loaded by tfjs itself from its folder, for any size of image, and predicts the same', async () => {
    const folder = await temporaryFolder();
    await writeTfjsLayers(network(), folder);
    const model = await tf.loadLayersModel(`file://${join(folder, 'model.json')}`);
    for (const side of [40, 33]) {
      const x = numbers(side * side * 3);
      const predicted = (model.predict(tf.tensor4d(x, [1, side, side, 3])) as Tensor).dataSync();
      expect(relativeDifference(outputOf(network(), [1, side, side, 3], x).values, predicted)).toBeLessThan(1e-5);
    }
  });

  it('has a group of weights for each stage, in files of 4 MiB at most', async () => {
    const folder = await temporaryFolder();
    await writeTfjsLayers(network(), folder);
    const { weightsManifest } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as {
      weightsManifest: { paths: string[] }[];
    };
    expect(weightsManifest.map((group) => group.paths)).toEqual([
      ['low-shard1of1.bin'],
      ['high-shard1of2.bin', 'high-shard2of2.bin'],
    ]);
    const sizes = await Promise.all((await readdir(folder)).map(async (file) => (await stat(join(folder, file))).size));
    expect(Math.max(...sizes)).toBe(4 * 1024 * 1024);
  });

  it('refuses a pool that would let a padded zero win', async () => {
    const net = network();
    const layers = net.layers.map((layer) => (layer.name === 'pool' ? { ...layer, inputs: ['stem'] } : layer));
    await expect(writeTfjsLayers({ ...net, layers }, await temporaryFolder())).rejects.toThrow(
      'pool: this pool takes the maximum over the border of a map that may be negative',
    );
  });

  it('has hard sigmoids, hard swishes and pools that round up, in the layers that Keras 2 has', async () => {
    const net = network();
    const stage = 'low';
    const layers: Layer[] = [
      { kind: 'input', name: 'input', inputs: [], stage },
      ...net.layers.filter(({ name }) => ['stem', 'stem_relu'].includes(name)),
      { kind: 'max-pool', name: 'up', inputs: ['stem_relu'], stage, size: [3, 3], strides: [2, 2], padding: 'valid', ceil: true },
      { kind: 'max-pool', name: 'even', inputs: ['up'], stage, size: [3, 2], strides: [2, 2], padding: [1, 1, 0, 0], ceil: true },
      { kind: 'activation', name: 'swished', inputs: ['even'], stage, activation: 'hard-swish' },
      { kind: 'activation', name: 'gate', inputs: ['swished'], stage, activation: 'hard-sigmoid' },
      { kind: 'multiply', name: 'gated', inputs: ['swished', 'gate'], stage },
    ];
    const used = new Set(layers.flatMap((layer) => variablesOf(layer)));
    const variables = new Map([...net.variables].filter(([name]) => used.has(name)));
    const written: Network = { ...net, layers, variables, output: 'gated', features: 8, stages: [stage] };
    const folder = await temporaryFolder();
    await writeTfjsLayers(written, folder);
    const model = await tf.loadLayersModel(`file://${join(folder, 'model.json')}`);
    const back = await readTfjsLayers(folder, { name: 'net', side: 40, preprocessing: net.preprocessing, output: 'gated' });
    expect(back.layers.map((layer) => (layer.kind === 'activation' ? layer.activation : layer.kind)).slice(-5)).toEqual([
      'max-pool',
      'hard-sigmoid',
      'multiply',
      'hard-sigmoid',
      'multiply',
    ]);
    for (const side of [40, 39, 38, 37]) {
      const x = numbers(side * side * 3);
      const expected = outputOf(written, [1, side, side, 3], x);
      const predicted = model.predict(tf.tensor4d(x, [1, side, side, 3])) as Tensor;
      expect(predicted.shape).toEqual(expected.shape);
      expect(relativeDifference(expected.values, predicted.dataSync())).toBeLessThan(1e-5);
      expect(relativeDifference(outputOf(back, [1, side, side, 3], x).values, expected.values)).toBeLessThan(1e-5);
    }
  });

  it('refuses an average that rounds up, with a format that has it', async () => {
    const net = network();
    const layers = net.layers.map((layer): Layer => (layer.name === 'mean' ? ({ ...layer, ceil: true } as Layer) : layer));
    await expect(writeTfjsLayers({ ...net, layers }, await temporaryFolder())).rejects.toThrow(
      'mean: this pool averages over windows that its map does not fill: Keras, and so a tfjs layers model, has no such pool\n' +
        '  do this:  ft weights convert --to onnx',
    );
  });
});
