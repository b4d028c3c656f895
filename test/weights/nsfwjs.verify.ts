import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { describe, expect, it } from 'vitest';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { readTfjsGraph } from '../../src/weights/tensorflow/tfjs-graph.js';
import { readTfjsLayers } from '../../src/weights/tfjs/layers.js';
import { u } from '../train/formula.js';
import { temporaryFolder } from './temporary.js';
import { relativeDifference } from './tfjs-folder.js';

const unit = { mean: [0, 0, 0], std: [255, 255, 255] } as const;

/** The models that the npm package carries in its scripts, each as a folder with model.json and its weight files. */
async function unpacked(): Promise<string> {
  const folder = await temporaryFolder();
  execFileSync('npm', ['pack', 'nsfwjs@4.4.0', '--silent'], { cwd: folder });
  execFileSync('tar', ['xzf', 'nsfwjs-4.4.0.tgz'], { cwd: folder });
  const require = createRequire(join(folder, 'here.js'));
  for (const name of ['mobilenet_v2', 'mobilenet_v2_mid']) {
    const from = join(folder, 'package/dist/models', name);
    mkdirSync(join(folder, name));
    for (const script of readdirSync(from)) {
      const value: unknown = require(join(from, script));
      const target = join(folder, name, script.replace('.min.js', ''));
      if (typeof value === 'string') writeFileSync(target, Buffer.from(value, 'base64'));
      else writeFileSync(`${target}.json`, JSON.stringify(value));
    }
  }
  return folder;
}

function pixels(side: number): Tensor4D {
  const values = Float32Array.from(u('image', side * side * 3), (value) => Math.floor((value + 0.5) * 256));
  return tf.tensor4d(values, [1, side, side, 3]);
}

function pooled(network: Network, side: number): Float32Array {
  const variables = new Map<string, Tensor>(
    [...network.variables.values()].map((v) => [v.name, tf.tensor(v.values, [...v.shape])]),
  );
  const map = forward(network, normalise(pixels(side), network.preprocessing), (name) => variables.get(name) as Tensor);
  return Float32Array.from(globalPool(map).dataSync());
}

describe('the models that nsfwjs 4.4.0 carries', () => {
  it('give what tfjs gives (the graph model), and finite features (the layers model)', async () => {
    const folder = await unpacked();
    const network = await readTfjsGraph(join(folder, 'mobilenet_v2_mid'), {
      name: 'mid',
      preprocessing: unit,
      pixels: unit,
    });
    expect(network.preprocessing.mean[0]).toBeCloseTo(127.5, 3);
    const model: GraphModel = await loadGraphModel(tf.io.fileSystem(join(folder, 'mobilenet_v2_mid/model.json')) as never);
    const squeeze = (
      model as unknown as { artifacts: { modelTopology: { node: { name: string; op: string }[] } } }
    ).artifacts.modelTopology.node.find(({ op }) => op === 'Squeeze');
    const theirs = model.execute(tf.div(pixels(224), 255), squeeze?.name ?? '') as Tensor;
    expect(relativeDifference(pooled(network, 224), theirs.dataSync())).toBeLessThan(1e-4);
    const layers = await readTfjsLayers(join(folder, 'mobilenet_v2'), { name: 'layers', side: 224, preprocessing: unit });
    expect(pooled(layers, 224).every(Number.isFinite)).toBe(true);
  });
});
