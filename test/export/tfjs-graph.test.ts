/** Exported tfjs graph models, run by tfjs itself. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeTfjsGraph } from '../../src/export/tfjs-graph.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { formulaHead, SIDE } from '../train/formula.js';
import {
  expected,
  expectedScores,
  IMAGE,
  IMAGES,
  model,
  network,
  OUTPUTS,
  pixels,
  resizedByHand,
  softmaxByHand,
} from './model.js';

const root = mkdtempSync(join(tmpdir(), 'ft-export-tfjs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function written(name: string, options: Parameters<typeof writeTfjsGraph>[2] = {}): Promise<string> {
  const folder = join(root, name);
  mkdirSync(folder);
  await writeTfjsGraph(model, folder, options);
  return folder;
}

async function run(folder: string, bytes: Uint8Array, [height, width]: readonly [number, number]): Promise<number[][]> {
  const loaded = await tf.loadGraphModel(`file://${folder}/model.json`);
  const image = tf.tensor4d(Int32Array.from(bytes), [bytes.length / (height * width * 3), height, width, 3], 'int32');
  const result = loaded.predict({ image }) as Tensor;
  const rows = (await result.array()) as number[][];
  tf.dispose([image, result]);
  loaded.dispose();
  return rows;
}

function close(found: number[][], wanted: number[][], digits = 5): void {
  expect(found.length).toBe(wanted.length);
  found.flat().forEach((value, at) => {
    expect(value).toBeCloseTo(wanted.flat()[at] as number, digits);
  });
}

describe('an exported tfjs graph model', () => {
  it('gives unit-length embeddings of any number of images', async () => {
    const folder = await written('plain');
    for (const count of [1, 7, IMAGES])
      close(await run(folder, pixels.subarray(0, count * IMAGE), [SIDE, SIDE]), expected(model).slice(0, count));
  });

  it.each([
    [40, 23],
    [7, 5],
  ])('resizes images of %i × %i as ft does when it decodes', async (height, width) => {
    const folder = join(root, 'plain');
    const large = Uint8Array.from({ length: 2 * height * width * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const found = await run(folder, large, [height, width]);
    close(found, await run(folder, resizedByHand(large, 2, height, width), [SIDE, SIDE]), 6);
  });

  it('answers with probabilities in a model of their own where a classifier is given, with its labels', async () => {
    const head = { ...formulaHead(3), inputs: network.features, outputs: 3 };
    const folder = await written('classes', { classifier: { head, labels: ['a', 'b', 'c'] } });
    const place = join(folder, 'classifier');
    close(await run(place, pixels, [SIDE, SIDE]), softmaxByHand(expectedScores({ ...model, head })));
    expect(JSON.parse(readFileSync(join(place, 'model.json'), 'utf8')).userDefinedMetadata).toEqual({ labels: ['a', 'b', 'c'] });
    expect((await run(folder, pixels, [SIDE, SIDE]))[0]).toHaveLength(OUTPUTS);
  });

  it.each([
    ['float16', 0.5, 0.9999],
    ['uint8', 0.25, 0.99],
  ] as const)('holds the large weights as %s where that is wanted', async (quantization, share, cosine) => {
    const size = (folder: string) =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.bin'))
        .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    const folder = await written(quantization, { quantization });
    const whole = size(join(root, 'plain'));
    // Kernels, the head's with them; the others are vectors.
    const kernels = [...network.variables.values()].filter(({ role }) => role === 'kernel').map(({ values }) => values.length);
    const numbers = kernels.reduce((sum, length) => sum + length, network.features * OUTPUTS);
    const spared = 4 * numbers * (1 - share);
    expect(size(folder)).toBe(whole - spared);
    const found = await run(folder, pixels, [SIDE, SIDE]);
    for (const [row, values] of expected(model).entries()) {
      const product = values.reduce((sum, value, at) => sum + value * (found[row]?.[at] as number), 0);
      expect(product).toBeGreaterThan(cosine);
    }
    expect(found).not.toEqual(await run(join(root, 'plain'), pixels, [SIDE, SIDE]));
  });
});
