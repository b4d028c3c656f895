import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { loadLayersModel, model as modelOf } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { networkFromFile } from '../../src/backbones/from-file.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { readTfjsGraph } from '../../src/weights/tensorflow/tfjs-graph.js';
import { train } from '../backbones/short-training.js';
import { sharedFolder } from '../run/runs.js';
import { u } from '../train/formula.js';
import { relativeDifference } from './tfjs-folder.js';

const unit = { mean: [0, 0, 0], std: [255, 255, 255] } as const;
const folder = sharedFolder();

/** The models that the npm package carries in its scripts, each as a folder with model.json and its weight files. */
beforeAll(() => {
  execFileSync('npm', ['pack', 'nsfwjs@4.4.0', '--silent'], { cwd: folder });
  execFileSync('tar', ['xzf', 'nsfwjs-4.4.0.tgz'], { cwd: folder });
  const require = createRequire(join(folder, 'here.js'));
  for (const name of ['mobilenet_v2', 'mobilenet_v2_mid', 'inception_v3']) {
    const from = join(folder, 'package/dist/models', name);
    mkdirSync(join(folder, name));
    for (const script of readdirSync(from)) {
      const value: unknown = require(join(from, script));
      const target = join(folder, name, script.replace('.min.js', ''));
      if (typeof value === 'string') writeFileSync(target, Buffer.from(value, 'base64'));
      else writeFileSync(`${target}.json`, JSON.stringify(value));
    }
  }
});

function pixels(side: number): Tensor4D {
  const values = Float32Array.from(u('image', side * side * 3), (value) => Math.floor((value + 0.5) * 256));
  return tf.tensor4d(values, [1, side, side, 3]);
}

const lookup = (network: Network) => {
  const values = new Map([...network.variables.values()].map((v) => [v.name, tf.tensor(v.values, [...v.shape])]));
  return (name: string) => values.get(name) as Tensor;
};

function mapOf(network: Network, side: number): Tensor {
  return forward(network, normalise(pixels(side), network.preprocessing), lookup(network));
}

/** Every gradient of the sum of squares of the pooled features is finite, and each kernel has one that is not zero. */
function expectGradients(network: Network, side: number): void {
  const names = [...network.variables.keys()];
  const values = names.map(lookup(network));
  const x = normalise(pixels(side), network.preprocessing);
  const gradients = tf.grads((...given: Tensor[]) => {
    const of = new Map(names.map((name, at) => [name, given[at] as Tensor]));
    return tf.sum(tf.square(globalPool(forward(network, x, (name) => of.get(name) as Tensor))));
  })(values);
  for (const [at, gradient] of gradients.entries()) {
    const name = names[at] as string;
    const norm = Math.hypot(
      ...[...gradient.dataSync()].reduce<number[]>((sums, one, place) => {
        sums[place % 64] = Math.hypot(sums[place % 64] ?? 0, one);
        return sums;
      }, []),
    );
    expect(norm, name).toSatisfy(Number.isFinite);
    if (network.variables.get(name)?.role === 'kernel') expect(norm, name).toBeGreaterThan(0);
  }
}

/** Steps on one batch, all but the first stage trained: the loss falls, and what is frozen stays. */
function expectTraining(network: Network): void {
  const { losses, proof, frozen } = train(network, network.stages[0] as string);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] as number));
  expect(frozen).toBeGreaterThan(0);
  expect(proof).toMatchObject({ moved: [] });
}

describe('the layers models that nsfwjs 4.4.0 carries, quantised to bytes', () => {
  it.each([
    ['mobilenet_v2', 224, 1280],
    ['inception_v3', 299, 2048],
  ] as const)('%s: the map of tf.loadLayersModel, gradients, steps', async (name, side, features) => {
    const { network } = await networkFromFile(join(folder, name), { progress: silent });
    expect(network.features).toBe(features);
    const json = JSON.parse(readFileSync(join(folder, name, 'model.json'), 'utf8')) as {
      weightsManifest: { weights: object[] }[];
    };
    expect(json.weightsManifest.some(({ weights }) => weights.some((one) => 'quantization' in one))).toBe(true);
    const whole = await loadLayersModel(tf.io.fileSystem(join(folder, name, 'model.json')) as never);
    const layer = whole.getLayer(network.output);
    const below = modelOf({ inputs: whole.inputs, outputs: layer.output as never });
    const x = normalise(pixels(side), network.preprocessing);
    const theirs = below.predict(x as never) as unknown as Tensor;
    const own = mapOf(network, side);
    expect(own.shape).toEqual(theirs.shape);
    expect(relativeDifference(own.dataSync(), theirs.dataSync())).toBeLessThan(1e-5);
    expectGradients(network, side);
    expectTraining(network);
  });
});

describe('the graph model that nsfwjs 4.4.0 carries', () => {
  it('mobilenet_v2_mid: the features of tf.loadGraphModel, gradients, steps', async () => {
    const path = join(folder, 'mobilenet_v2_mid');
    const network = await readTfjsGraph(path, { name: 'mid', preprocessing: unit, pixels: unit });
    expect(network.preprocessing.mean[0]).toBeCloseTo(127.5, 3);
    const model: GraphModel = await loadGraphModel(tf.io.fileSystem(join(path, 'model.json')) as never);
    const squeeze = (
      model as unknown as { artifacts: { modelTopology: { node: { name: string; op: string }[] } } }
    ).artifacts.modelTopology.node.find(({ op }) => op === 'Squeeze');
    const theirs = model.execute(tf.div(pixels(224), 255), squeeze?.name ?? '') as Tensor;
    expect(relativeDifference(globalPool(mapOf(network, 224)).dataSync(), theirs.dataSync())).toBeLessThan(1e-4);
    expectGradients(network, 224);
    expectTraining(network);
  });
});
