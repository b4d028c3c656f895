import type { Network, Variable } from '../../src/network/network.js';
import type { Weights } from '../../src/train/trainer.js';
import { smallNetwork } from '../transfer/small-network.js';

/** The n numbers in [−0.5, 0.5) that test/golden/train-step.py calls u(name, n). */
export function u(name: string, n: number): Float64Array {
  let h = 2166136261;
  for (const byte of Buffer.from(name)) h = Math.imul(h ^ byte, 16777619) >>> 0;
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = (h + Math.imul(i, 2654435761)) >>> 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x85ebca6b) >>> 0;
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35) >>> 0;
    x ^= x >>> 16;
    values[i] = (x >>> 0) / 2 ** 32 - 0.5;
  }
  return values;
}

const SCALES: Record<string, readonly [scale: number, shift: number]> = {
  'conv1/kernel': [0.6, 0],
  'conv1/bias': [0.2, 0],
  'conv2_a/kernel': [1.5, 0],
  'conv3_dw/kernel': [1, 0],
  'conv3_proj/kernel': [1.2, 0],
  'conv3_b/kernel': [1.2, 0],
};
const BY_ROLE: Record<string, readonly [number, number]> = {
  gamma: [0.5, 1],
  beta: [0.5, 0.2],
  mean: [0.5, 0],
  variance: [0.5, 1],
};

function filled(name: string, size: number): Float32Array {
  const [scale, shift] = SCALES[name] ?? BY_ROLE[name.split('/')[1] ?? ''] ?? [1, 0];
  return Float32Array.from(u(name, size), (value) => value * scale + shift);
}

/** The small network with the golden's values and preprocessing. */
export function formulaNetwork(): Network {
  const network = smallNetwork();
  const variables = new Map(
    [...network.variables].map(([name, variable]): [string, Variable] => [
      name,
      { ...variable, values: filled(name, variable.values.length) },
    ]),
  );
  return { ...network, variables, side: 16, preprocessing: { mean: [100, 120, 140], std: [50, 60, 70] } };
}

export function formulaHead(outputs: number): { kernel: Float32Array; bias: Float32Array } {
  return {
    kernel: Float32Array.from(u('head/kernel', 8 * outputs), (value) => value * 0.8),
    bias: Float32Array.from(u('head/bias', outputs), (value) => value * 0.2),
  };
}

/** What a phase starts with: a network as it was loaded, and a head. */
export function formulaWeights(network: Network, { kernel, bias }: ReturnType<typeof formulaHead>): Weights {
  // Not by weightsOf, which would load TensorFlow: tests that know none take their numbers from here.
  const loaded = Object.fromEntries([...network.variables].map(([name, { values }]) => [name, values]));
  return { ...loaded, 'head/kernel': kernel, 'head/bias': bias };
}

export const SIDE = 16;
export const CLASSES_PER_BATCH = 4;
export const IMAGES_PER_CLASS = 3;
export const BATCH = CLASSES_PER_BATCH * IMAGES_PER_CLASS;

/** The bytes of the golden's batch at a step. */
export function formulaPixels(step: number): Uint8Array {
  const bytes = SIDE * SIDE * 3;
  const colour = [1, 0.5, 0.25];
  return Uint8Array.from(u(`pixels${step % 3}`, BATCH * bytes), (value, at) => {
    const image = Math.floor(at / bytes);
    return Math.floor(
      Math.floor((value + 0.5) * 256) * 0.5 + Math.floor(image / IMAGES_PER_CLASS) * 40 * (colour[at % 3] as number),
    );
  });
}

export const LABELS = Int32Array.from({ length: BATCH }, (_, image) => Math.floor(image / IMAGES_PER_CLASS));
