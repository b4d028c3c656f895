/** Exported ONNX models, run by onnxruntime. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { networkFromFile } from '../../src/backbones/from-file.js';
import { writeOnnxModel } from '../../src/export/onnx.js';
import { silent } from '../../src/progress.js';
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

const root = mkdtempSync(join(tmpdir(), 'ft-export-onnx-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function run(
  file: string,
  images: Uint8Array,
  dims: number[],
): Promise<{ name: string; values: Float32Array; dims: readonly number[] }> {
  const session = await ort.InferenceSession.create(file);
  expect(session.inputNames).toEqual(['image']);
  const result = await session.run({ image: new ort.Tensor('uint8', images, dims) });
  const name = session.outputNames[0] as string;
  const tensor = result[name] as ort.Tensor;
  await session.release();
  return { name, values: tensor.data as Float32Array, dims: tensor.dims };
}

function planes(bytes: Uint8Array, count: number, height: number, width: number): Uint8Array {
  const turned = new Uint8Array(bytes.length);
  for (let n = 0; n < count; n++)
    for (let place = 0; place < height * width; place++)
      for (let c = 0; c < 3; c++)
        turned[(n * 3 + c) * height * width + place] = bytes[(n * height * width + place) * 3 + c] as number;
  return turned;
}

async function written(name: string, options: Parameters<typeof writeOnnxModel>[2], of = model): Promise<string> {
  const folder = join(root, name);
  mkdirSync(folder);
  await writeOnnxModel(of, folder, options);
  return folder;
}

describe('an exported ONNX model', () => {
  it('puts weights beside the model where they are too many for one file, for onnxruntime and ft alike', async () => {
    // A matrix that is large enough to leave the model.
    const head = { ...formulaHead(400), inputs: network.features, outputs: 400 };
    const classifier = { head, labels: Array.from({ length: 400 }, (_, at) => `class ${at}`) };
    const folder = await written('large', { classifier, largest: 1000 }, { ...model, head });
    const whole = await written('small', { classifier }, { ...model, head });
    expect(readdirSync(folder).sort()).toEqual(['classifier.onnx', 'classifier.onnx.data', 'model.onnx', 'model.onnx.data']);
    expect(readdirSync(whole).sort()).toEqual(['classifier.onnx', 'model.onnx']);
    for (const file of ['model.onnx', 'classifier.onnx']) {
      const [apart, together] = [folder, whole].map((one) => readFileSync(join(one, file)).length) as [number, number];
      expect(apart).toBeLessThan(together - 1024);
      const dims = [IMAGES, SIDE, SIDE, 3];
      expect((await run(join(folder, file), pixels, dims)).values).toEqual((await run(join(whole, file), pixels, dims)).values);
    }
    const read = await Promise.all([folder, whole].map((one) => networkFromFile(join(one, 'model.onnx'), { progress: silent })));
    const [apart, together] = read.map((one) => [...one.network.variables.values()]);
    expect(apart).toEqual(together);
  });

  it.each(['nhwc', 'nchw'] as const)('gives unit-length embeddings of any number of images (%s)', async (layout) => {
    const file = join(await written(layout, { layout }), 'model.onnx');
    expect(existsSync(join(root, layout, 'classifier.onnx'))).toBe(false);
    const rows = expected(model);
    for (const count of [1, 7, IMAGES]) {
      const some = pixels.subarray(0, count * IMAGE);
      const images = layout === 'nhwc' ? some : planes(some, count, SIDE, SIDE);
      const dims = layout === 'nhwc' ? [count, SIDE, SIDE, 3] : [count, 3, SIDE, SIDE];
      const found = await run(file, images, dims);
      expect([found.name, found.dims]).toEqual(['embedding', [count, OUTPUTS]]);
      rows
        .slice(0, count)
        .flat()
        .forEach((value, at) => {
          expect(found.values[at]).toBeCloseTo(value, 5);
        });
    }
  });

  it.each([
    [40, 23],
    [7, 5],
  ])('resizes images of %i × %i as ft does when it decodes', async (height, width) => {
    const file = join(await written(`${height}`, {}), 'model.onnx');
    const large = Uint8Array.from({ length: 2 * height * width * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const found = await run(file, large, [2, height, width, 3]);
    const given = await run(file, resizedByHand(large, 2, height, width), [2, SIDE, SIDE, 3]);
    given.values.forEach((value, at) => {
      expect(found.values[at]).toBeCloseTo(value, 6);
    });
  });

  it('without a head gives the pooled features, of unit length', async () => {
    const bare = { ...model, head: null };
    const found = await run(join(await written('bare', {}, bare), 'model.onnx'), pixels, [IMAGES, SIDE, SIDE, 3]);
    expect(found.dims).toEqual([IMAGES, network.features]);
    expected(bare)
      .flat()
      .forEach((value, at) => {
        expect(found.values[at]).toBeCloseTo(value, 5);
      });
  });

  it('answers with probabilities in a file of their own where a classifier is given', async () => {
    const head = { ...formulaHead(3), inputs: network.features, outputs: 3 };
    const folder = await written('classes', { classifier: { head, labels: ['a', 'b', 'c'] } });
    const found = await run(join(folder, 'classifier.onnx'), pixels, [IMAGES, SIDE, SIDE, 3]);
    expect([found.name, found.dims]).toEqual(['probabilities', [IMAGES, 3]]);
    softmaxByHand(expectedScores({ ...model, head }))
      .flat()
      .forEach((value, at) => {
        expect(found.values[at]).toBeCloseTo(value, 5);
      });
    expect((await run(join(folder, 'model.onnx'), pixels, [IMAGES, SIDE, SIDE, 3])).name).toBe('embedding');
  });
});
