import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FinishedModel, LoadedSavedModel, savedModelBytes, writeSavedModel } from '../../src/export/savedmodel.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import { exportSavedModel } from '../../src/run/export-model.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import type { FeatureSource } from '../../src/train/features.js';
import { formulaHead, formulaNetwork, formulaPixels, SIDE } from '../train/formula.js';

const { SavedModel } = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js');

// biome-ignore lint/suspicious/noExplicitAny: google-protobuf's classes carry no types
type Message = any;

const network = formulaNetwork();
const OUTPUTS = 5;
const weights = Object.fromEntries(
  [...network.variables].map(([name, { values }]) => [name, Float32Array.from(values, (value) => value * 1.01)]),
);
const model: FinishedModel = {
  network,
  weights,
  head: { ...formulaHead(OUTPUTS), inputs: network.features, outputs: OUTPUTS },
  side: SIDE,
};
const IMAGE = SIDE * SIDE * 3;
const IMAGES = 12;
const pixels = formulaPixels(0);

const root = mkdtempSync(join(tmpdir(), 'ft-export-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Embeddings by the network's own forward pass, the head and the unit length written out as loops. */
function expected({ head }: FinishedModel): number[][] {
  const pooled = tf.tidy(() => {
    const lookup = (name: string): Tensor =>
      tf.tensor(weights[name] as Float32Array, [...(network.variables.get(name)?.shape ?? [])]);
    const images = tf.tensor4d(Float32Array.from(pixels), [IMAGES, SIDE, SIDE, 3]) as Tensor4D;
    return globalPool(forward(network, normalise(images, network.preprocessing), lookup)).arraySync() as number[][];
  });
  return pooled.map((features) => {
    const row =
      head === null
        ? features
        : Array.from(head.bias, (bias, o) =>
            features.reduce((sum, value, i) => sum + value * (head.kernel[i * head.outputs + o] as number), bias),
          );
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    return row.map((value) => value / length);
  });
}

describe('an exported model', () => {
  let folder: string;
  beforeAll(async () => {
    folder = join(root, 'model');
    await writeSavedModel(model, folder);
  });

  it.each([1, 7, 12])('gives unit-length embeddings of %i images by the trained weights, BatchNorm folded', (batch) => {
    const loaded = new LoadedSavedModel(folder, SIDE);
    const found = loaded.run(pixels.subarray(0, batch * IMAGE), batch);
    loaded.close();
    expect(found).toHaveLength(batch * OUTPUTS);
    expected(model)
      .slice(0, batch)
      .flat()
      .forEach((value, at) => {
        expect(found[at]).toBeCloseTo(value, 5);
      });
  });

  it('without a head gives the pooled features, of unit length', async () => {
    const bare = { ...model, head: null };
    await writeSavedModel(bare, join(root, 'bare'));
    const loaded = new LoadedSavedModel(join(root, 'bare'), SIDE);
    const found = loaded.run(pixels, IMAGES);
    loaded.close();
    expect(found).toHaveLength(IMAGES * network.features);
    expected(bare)
      .flat()
      .forEach((value, at) => {
        expect(found[at]).toBeCloseTo(value, 5);
      });
  });

  it('has one signature: bytes of any number of images in, embeddings out', () => {
    const meta = SavedModel.deserializeBinary(savedModelBytes(model)).getMetaGraphsList()[0];
    expect(meta.getMetaInfoDef().getTagsList()).toEqual(['serve']);
    const signature = meta.getSignatureDefMap().get('serving_default');
    const describe = (info: Message) => [
      info.getName(),
      info.getDtype(),
      info
        .getTensorShape()
        .getDimList()
        .map((dim: Message) => dim.getSize()),
    ];
    expect(signature.getMethodName()).toBe('tensorflow/serving/predict');
    expect(describe(signature.getInputsMap().get('images'))).toEqual(['serving_default_images:0', 4, [-1, SIDE, SIDE, 3]]);
    expect(describe(signature.getOutputsMap().get('embedding'))).toEqual(['embedding:0', 1, [-1, OUTPUTS]]);
  });

  it('holds constants and no variables, one placeholder, and no BatchNorm', () => {
    const meta = SavedModel.deserializeBinary(savedModelBytes(model)).getMetaGraphsList()[0];
    const operations: string[] = meta
      .getGraphDef()
      .getNodeList()
      .map((node: Message) => node.getOp());
    expect(operations.filter((name) => name === 'Placeholder')).toHaveLength(1);
    expect(operations.filter((name) => /Var|BatchNorm|DecodeRaw/.test(name))).toEqual([]);
    expect(operations.filter((name) => name.startsWith('Conv2D'))).toHaveLength(4);
    expect(operations.filter((name) => name.startsWith('DepthwiseConv'))).toHaveLength(1);
  });

  it('is the same, byte by byte, each time it is written', () => {
    expect(Buffer.compare(savedModelBytes(model), savedModelBytes(model))).toBe(0);
  });
});

describe('the check of an export', () => {
  const source = (onRead: (sample: number) => void = () => {}): FeatureSource => ({
    read(sample, target) {
      onRead(sample);
      target.set(pixels.subarray(sample * IMAGE, (sample + 1) * IMAGE));
    },
    labelOf: () => 0,
    side: SIDE,
    dimensions: network.features,
  });
  const all = Array.from({ length: IMAGES }, (_, i) => i);

  it('compares the images that it was given and puts the model into its place', async () => {
    const seen = new Set<number>();
    const check = await exportSavedModel(
      model,
      join(root, 'checked'),
      source((sample) => seen.add(sample)),
      all,
    );
    expect([...seen].sort((a, b) => a - b)).toEqual(all);
    expect(check).toMatchObject({ folder: join(root, 'checked'), images: IMAGES });
    expect(check.smallestCosine).toBeGreaterThan(0.99999);
    expect(check.smallestCosine).toBeLessThan(1.00001);
    expect(readdirSync(join(root, 'checked'))).toEqual(['saved_model.pb']);
  });

  it('takes 64 images, evenly from all, where there are more', async () => {
    const seen: number[] = [];
    const many = Array.from({ length: 640 }, (_, i) => i);
    const reading = source();
    const folded: FeatureSource = {
      ...reading,
      read(sample, target) {
        seen.push(sample);
        reading.read(sample % IMAGES, target);
      },
    };
    expect((await exportSavedModel(model, join(root, 'many'), folded, many)).images).toBe(64);
    expect(seen.slice(0, 64)).toEqual(Array.from({ length: 64 }, (_, i) => i * 10));
  });

  it('fails where one weight is another, names the cosine, and leaves what lay there before', async () => {
    const folder = join(root, 'kept');
    mkdirSync(folder);
    writeFileSync(join(folder, 'saved_model.pb'), 'the earlier one');
    const before = readdirSync(root);
    // The run's own embeddings are computed with the one kernel, and what is exported holds the other.
    const kernel = weights['conv3_b/kernel'] as Float32Array;
    const kernels = [kernel, kernel.with(0, 5)];
    const mine = Object.defineProperty({ ...weights }, 'conv3_b/kernel', { get: () => kernels.shift() });
    const failed = await exportSavedModel({ ...model, weights: mine }, folder, source(), all).catch((error: Error) => error);
    expect(failed).toBeInstanceOf(Error);
    expect((failed as Error).name).toBe('Error');
    expect((failed as Error).message).toMatch(
      /^the exported model does not give the run's embeddings: smallest cosine -?[\d.e-]+ on 12 images, at least 0\.9999 was expected/,
    );
    expect(readdirSync(root)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['saved_model.pb']);
  });

  it('fails where embeddings are not finite', async () => {
    const broken = {
      ...model,
      head: { ...(model.head as NonNullable<typeof model.head>), bias: new Float32Array(OUTPUTS).fill(Number.NaN) },
    };
    await expect(exportSavedModel(broken, join(root, 'broken'), source(), all)).rejects.toThrow('smallest cosine NaN');
    expect(readdirSync(root)).not.toContain('broken');
  });
});
