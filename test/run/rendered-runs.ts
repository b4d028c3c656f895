/** Runs of one phase, for tests of where their views are rendered. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { readCheckpoint } from '../../src/runtime/checkpoint.js';
import { readJson, readLines, type Sitting, TINY, trainParts } from './runs.js';

/** What is free. */
export const LARGE = { card: 64 * 2 ** 30, machine: 0 };
export const SMALL = { card: 2 ** 30, machine: 0 };
/** One phase, whose images are varied a little. */
export const PLAIN = [...TINY, 'triplet=null', 'head.init=random', 'head.refit=none', 'classification.epochs=2'];
/** The same, with all that a step renders. */
export const VARIED = [
  ...PLAIN,
  'data.augment.crop={area: [0.5, 1]}',
  'data.augment.hue=0.1',
  'data.augment.grey=0.2',
  'data.augment.erase={fill: mean}',
  'classification.mix={mixup: 0.4, cutmix: 1, probability: 0.8}',
];

/** Trains below a folder, and tells what came of it. */
export const rendered =
  (root: string) =>
  async (name: string, keys: readonly string[], sitting: Sitting = {}) => {
    const lines: string[] = [];
    const said = (line: string) => lines.push(line);
    const run = await trainParts(join(root, name), keys, { freeOnCard: LARGE, mapsFolder: join(root, 'maps'), ...sitting, said });
    const { tensors } = await readCheckpoint(join(run.path, 'checkpoints/classification.safetensors'));
    return {
      weights: Object.fromEntries(Object.entries(tensors).map(([variable, { values }]) => [variable, values as Float32Array])),
      epochs: readLines(run.path, 'metrics.jsonl').map(({ images_per_second, waiting, ...rest }) => rest),
      views: lines.filter((line) => line.includes(': views: ')),
      rendered: readJson(run.path, 'journal.json').phases.classification.rendered,
    };
  };

/** The largest difference of a variable's numbers, as a share of the largest of them; of all variables. */
export function apart(a: Record<string, Float32Array>, b: Record<string, Float32Array>): number {
  const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const of = (name: string) => {
    const [one, other] = [a[name], b[name]] as [Float32Array, Float32Array];
    return largest(one.map((value, at) => value - (other[at] as number))) / (largest(one) || 1);
  };
  expect(Object.keys(a)).toEqual(Object.keys(b));
  return Math.max(...Object.keys(a).map(of));
}
