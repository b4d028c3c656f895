import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { normalise } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { u } from '../train/formula.js';
import { outputOf } from './tfjs-folder.js';

/** What Keras made of an image with a model. */
export interface Answer {
  /** [1, height, width, 3]. */
  input: [number, number, number, number];
  /** The layer that puts out `output`. */
  last: string;
  shape: number[];
  output: number[];
}
export interface GoldenModel extends Answer {
  tensors: Record<string, { shape: number[]; values: number[] }>;
}

/** What test/golden/keras-files.py wrote of its models. */
export const golden = JSON.parse(readFileSync(new URL('../golden/keras-files.json', import.meta.url), 'utf8')) as {
  models: Record<string, GoldenModel>;
};

/** The path of one of its files. */
export function goldenPath(file: string): string {
  return fileURLToPath(new URL(`../golden/keras-files/${file}`, import.meta.url));
}

export function goldenBytes(file: string): Buffer {
  return readFileSync(goldenPath(file));
}

/** What a network makes of the golden's image, RGB bytes and all. */
export function answerOf(network: Network, input: Answer['input']): { shape: number[]; values: Float32Array } {
  const bytes = Float32Array.from(u('pixels', input[1] * input[2] * 3), (value) => Math.floor((value + 0.5) * 256));
  const x = tf.tidy(() => Float32Array.from(normalise(tf.tensor4d(bytes, input) as Tensor4D, network.preprocessing).dataSync()));
  return outputOf(network, input, x);
}
