/** Exported tfjs layers models, run by tfjs itself. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeTfjsLayersModel } from '../../src/export/tfjs-layers.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { formulaHead, SIDE } from '../train/formula.js';
import { expected, expectedScores, IMAGES, model, network, pixels, softmaxByHand } from './model.js';

const root = mkdtempSync(join(tmpdir(), 'ft-export-layers-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function run(folder: string): Promise<number[][]> {
  const loaded = await tf.loadLayersModel(`file://${folder}/model.json`);
  const image = tf.tensor4d(Float32Array.from(pixels), [IMAGES, SIDE, SIDE, 3]);
  const result = loaded.predict(image) as Tensor;
  const rows = (await result.array()) as number[][];
  tf.dispose([image, result]);
  loaded.dispose();
  return rows;
}

function unit(rows: number[][]): number[][] {
  return rows.map((row) => row.map((value) => value / Math.hypot(...row)));
}

describe('an exported tfjs layers model', () => {
  it('gives the embedding before it is made of unit length', async () => {
    const folder = join(root, 'plain');
    mkdirSync(folder);
    await writeTfjsLayersModel(model, folder);
    const found = await run(folder);
    expectedScores(model)
      .flat()
      .forEach((value, at) => {
        expect(found.flat()[at]).toBeCloseTo(value, 4);
      });
    const rows = expected(model).flat();
    unit(found)
      .flat()
      .forEach((value, at) => {
        expect(value).toBeCloseTo(rows[at] as number, 5);
      });
  });

  it('without a head gives the pooled features', async () => {
    const folder = join(root, 'bare');
    mkdirSync(folder);
    const bare = { ...model, head: null };
    await writeTfjsLayersModel(bare, folder);
    const found = await run(folder);
    expectedScores(bare)
      .flat()
      .forEach((value, at) => {
        expect(found.flat()[at]).toBeCloseTo(value, 4);
      });
  });

  it('answers with probabilities in a model of their own where a classifier is given, with its labels', async () => {
    const folder = join(root, 'classes');
    mkdirSync(folder);
    const head = { ...formulaHead(3), inputs: network.features, outputs: 3 };
    await writeTfjsLayersModel(model, folder, { classifier: { head, labels: ['a', 'b', 'c'] }, quantization: 'float16' });
    const found = await run(join(folder, 'classifier'));
    softmaxByHand(expectedScores({ ...model, head }))
      .flat()
      .forEach((value, at) => {
        expect(found.flat()[at]).toBeCloseTo(value, 2);
      });
    expect(JSON.parse(readFileSync(join(folder, 'classifier/labels.json'), 'utf8'))).toEqual(['a', 'b', 'c']);
  });
});
