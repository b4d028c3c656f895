import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { forward, normalise } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { readSavedModel } from '../../src/weights/tensorflow/saved-model.js';
import { readTfjsGraph } from '../../src/weights/tensorflow/tfjs-graph.js';
import { u } from '../train/formula.js';
import { relativeDifference } from './tfjs-folder.js';

const FOLDER = fileURLToPath(new URL('../golden/tensorflow-graphs', import.meta.url));
const golden = JSON.parse(readFileSync(`${FOLDER}.json`, 'utf8')) as {
  side: number;
  map: { shape: number[]; values: number[] };
  decoded: Record<string, number[]>;
  gradients: Record<string, number[]>;
};
const options = { name: 'small', preprocessing: { mean: [9, 9, 9], std: [9, 9, 9] } } as const;

function pixels(): Tensor4D {
  const { side } = golden;
  const bytes = Float32Array.from(u('image', 2 * side * side * 3), (value) => Math.floor((value + 0.5) * 256));
  return tf.tensor4d(bytes, [2, side, side, 3]);
}

/** The map of the network for the golden's image, and the gradients of the sum of its squares. */
function outcome(network: Network, watched: readonly string[]): { map: Tensor; gradients: Record<string, Float32Array> } {
  const x = normalise(pixels(), network.preprocessing);
  const constants = new Map<string, Tensor>(
    [...network.variables.values()].map((v) => [v.name, tf.tensor(v.values, [...v.shape])]),
  );
  const lookup = (given: ReadonlyMap<string, Tensor>) => (name: string) => given.get(name) ?? (constants.get(name) as Tensor);
  const map = forward(network, x, lookup(new Map()));
  const gradients = tf.grads((...values: Tensor[]) =>
    tf.sum(tf.square(forward(network, x, lookup(new Map(watched.map((name, at) => [name, values[at] as Tensor])))))),
  )(watched.map((name) => constants.get(name) as Tensor));
  return {
    map,
    gradients: Object.fromEntries(watched.map((name, at) => [name, Float32Array.from((gradients[at] as Tensor).dataSync())])),
  };
}

describe('a Keras model that TensorFlow saved', () => {
  it('as a SavedModel with variables gives the same map and the same gradients', async () => {
    const network = await readSavedModel(`${FOLDER}/keras`, options);
    expect(network.side).toBe(golden.side);
    for (const mean of network.preprocessing.mean) expect(mean).toBeCloseTo(127.5, 4);
    for (const std of network.preprocessing.std) expect(std).toBeCloseTo(127.5, 4);
    const kinds = network.layers.map((layer) => layer.kind);
    expect(kinds.filter((kind) => kind === 'batch-norm').length).toBe(2);
    expect(kinds).not.toContain('zero-pad');
    const names = Object.keys(golden.gradients);
    expect([...network.variables.keys()]).toEqual(expect.arrayContaining(names));
    const { map, gradients } = outcome(network, names);
    expect(map.shape).toEqual(golden.map.shape);
    expect(relativeDifference(map.dataSync(), golden.map.values)).toBeLessThan(1e-5);
    for (const name of names) expect(relativeDifference(gradients[name] ?? [], golden.gradients[name] ?? [])).toBeLessThan(1e-4);
  });

  it.each(['float32', 'float16', 'uint8'])(
    'as a frozen, fused tfjs graph model of %s gives the map that TensorFlow makes of the decoded weights',
    async (dtype) => {
      const network = await readTfjsGraph(`${FOLDER}/frozen-${dtype}`, options);
      const { map } = outcome(network, ['last_1/kernel']);
      expect(map.shape).toEqual(golden.map.shape);
      expect(relativeDifference(map.dataSync(), golden.decoded[dtype] ?? [])).toBeLessThan(1e-5);
    },
  );
});
