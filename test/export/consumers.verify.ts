/** What ft exports, in the hands of those who take it: Python's TensorFlow and its converters, onnxruntime, Keras. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackbone } from '../../src/backbones/registry.js';
import { decodeImage } from '../../src/data/decode.js';
import { sharp } from '../../src/data/image-library.js';
import { type ExportOptions, exportFormats } from '../../src/export/formats.js';
import type { FinishedModel } from '../../src/export/model.js';
import { silent } from '../../src/progress.js';
import { openEmbedder } from '../../src/run/embedder.js';
import { weightsOf } from '../../src/train/trainer.js';
import { u } from '../train/formula.js';
import { runPython } from '../verify/python.js';

const CHECK = fileURLToPath(new URL('consumers.py', import.meta.url));
const SIDE = 96;
const IMAGES = 8;
const DIMENSIONS = 16;
/** Largest difference in a number of an embedding of unit length. */
const NEAR = 1e-4;

async function modelOf(name: string): Promise<FinishedModel> {
  const { network } = await loadBackbone(name, { progress: silent });
  const kernel = Float32Array.from(u('kernel', network.features * DIMENSIONS));
  const bias = Float32Array.from(u('bias', DIMENSIONS));
  return {
    network,
    weights: weightsOf(network),
    head: { kernel, bias, inputs: network.features, outputs: DIMENSIONS },
    side: SIDE,
  };
}

function embeddingsOf(model: FinishedModel, images: readonly Uint8Array[]): Buffer {
  const embedder = openEmbedder(model, images.length);
  for (const image of images) embedder.add(image);
  const values = embedder.finish().slice();
  embedder.close();
  return Buffer.from(values.buffer);
}

/** Images of waves whose direction, length and colours are their own: smooth, as photos are, and different. */
function waves(): Uint8Array {
  return Uint8Array.from({ length: IMAGES * SIDE * SIDE * 3 }, (_, at) => {
    const [image, y, x, colour] = [
      Math.floor(at / 3 / SIDE / SIDE),
      Math.floor(at / 3 / SIDE) % SIDE,
      Math.floor(at / 3) % SIDE,
      at % 3,
    ];
    const wave = Math.sin((x * Math.cos(image) + y * Math.sin(image)) / (4 + (image % 7)) + colour * image);
    return Math.round(127.5 + 127.5 * wave);
  });
}

describe.each(['resnet50-thin', 'efficientnet-lite0'])('exports of %s', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'ft-consumers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let found: Record<string, number | boolean | string>;

  beforeAll(async () => {
    const model = await modelOf(name);
    const options: ExportOptions = { classifier: null, published: null, quantization: null, layout: 'nhwc' };
    for (const format of ['savedmodel', 'onnx', 'keras'] as const) {
      mkdirSync(join(folder, format));
      await exportFormats[format](model, join(folder, format), options);
    }
    const pixels = waves();
    const all = Array.from({ length: IMAGES }, (_, image) =>
      pixels.subarray(image * SIDE * SIDE * 3, (image + 1) * SIDE * SIDE * 3),
    );
    const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
    const jpegs = await Promise.all(all.map((one) => sharp(one, { raw }).jpeg({ quality: 90 }).toBuffer()));
    for (const [at, jpeg] of jpegs.entries()) writeFileSync(join(folder, `${at}.jpg`), jpeg);
    writeFileSync(join(folder, 'pixels'), pixels);
    writeFileSync(join(folder, 'own'), embeddingsOf(model, all));
    writeFileSync(join(folder, 'own-jpeg'), embeddingsOf(model, await Promise.all(jpegs.map((jpeg) => decodeImage(jpeg, SIDE)))));
    const output = runPython('export', [CHECK, folder, join(folder, 'pixels'), String(SIDE), join(folder, 'own')]);
    found = JSON.parse(output.trim().split('\n').at(-1) as string);
    console.log(name, found);
  }, 600_000);

  it.each([
    'tf.saved_model.load, 1',
    `tf.saved_model.load, ${IMAGES}`,
    'from_bytes, PNG',
    'saved again',
    'keras.layers.TFSMLayer',
    'TFLite',
    'tf2onnx, onnxruntime',
    'onnxruntime, 1',
    `onnxruntime, ${IMAGES}`,
    'keras.models.load_model',
  ])('give the embeddings of the run: %s', (consumer) => {
    expect(found[consumer]).toBeTypeOf('number');
    expect(found[consumer]).toBeLessThan(NEAR);
  });

  it.each(['any size (1 - cosine)', 'onnxruntime, any size (1 - cosine)'])('resize as tf.image does: %s', (consumer) => {
    expect(found[consumer]).toBeTypeOf('number');
    expect(found[consumer]).toBeLessThan(1e-5);
  });

  it('pass what checks them', () => {
    expect(found).toMatchObject({ saved_model_cli: true, 'onnx.checker': true });
  });

  it('decode JPEG as TensorFlow does, which is nearly how ft does', () => {
    expect(found['from_bytes, JPEG (1 - cosine)']).toBeLessThan(0.01);
  });

  it('train on: a gradient for every trainable variable, and a step that moves the embeddings', () => {
    expect(found['trainable variables']).toBe(found['variables with a gradient']);
    expect(found.variables).toBeGreaterThanOrEqual(found['trainable variables'] as number);
    expect(found['a step moves it by']).toBeGreaterThan(1e-4);
  });
});
