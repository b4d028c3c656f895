import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forward } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';

/** A weight as it goes into a test folder. */
export interface TestWeight {
  name: string;
  shape: number[];
  values: ArrayLike<number>;
}

/** Writes a model.json and one weight file a weight, group by group, as the old converters did. */
export async function writeFolder(folder: string, topology: unknown, weights: readonly TestWeight[]): Promise<void> {
  const weightsManifest = weights.map(({ name, shape }, at) => ({
    paths: [`group${at + 1}`],
    weights: [{ name, shape, dtype: 'float32' }],
  }));
  await writeFile(join(folder, 'model.json'), JSON.stringify({ modelTopology: topology, weightsManifest }));
  await Promise.all(
    weights.map(({ values }, at) => writeFile(join(folder, `group${at + 1}`), Buffer.from(Float32Array.from(values).buffer))),
  );
}

/** The output of a network for an input that is normalised already, as numbers. */
export function outputOf(
  network: Network,
  shape: [number, number, number, number],
  values: Float32Array,
): { shape: number[]; values: Float32Array } {
  return tf.tidy(() => {
    const variables = new Map<string, Tensor>(
      [...network.variables.values()].map((v) => [v.name, tf.tensor(v.values, [...v.shape])]),
    );
    const result = forward(network, tf.tensor4d(values, shape) as Tensor4D, (name) => variables.get(name) as Tensor);
    return { shape: result.shape, values: Float32Array.from(result.dataSync()) };
  });
}

/** Largest difference, relative to the largest number of the reference. */
export function relativeDifference(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (found.length !== reference.length) throw new Error(`${found.length} numbers against ${reference.length}`);
  let difference = 0;
  let largest = 0;
  for (let at = 0; at < reference.length; at++) {
    difference = Math.max(difference, Math.abs((found[at] ?? 0) - (reference[at] ?? 0)));
    largest = Math.max(largest, Math.abs(reference[at] ?? 0));
  }
  return difference / largest;
}

/** Numbers about zero, the same ones each time. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
