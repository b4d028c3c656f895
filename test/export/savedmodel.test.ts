import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FinishedModel } from '../../src/export/model.js';
import { decoded } from '../../src/export/saved-model/messages.js';
import { LoadedSavedModel, writeSavedModel } from '../../src/export/savedmodel.js';
import { exportChecked } from '../../src/run/exports/check.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import type { FeatureSource } from '../../src/train/features.js';
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
  weights,
} from './model.js';

// biome-ignore lint/suspicious/noExplicitAny: messages carry no types
type Message = any;

const root = mkdtempSync(join(tmpdir(), 'ft-export-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function graphOf(folder: string): Message {
  return (decoded('SavedModel', readFileSync(join(folder, 'saved_model.pb'))) as Message).meta_graphs[0];
}

describe('an exported model', () => {
  let folder: string;
  beforeAll(async () => {
    folder = join(root, 'model');
    await writeSavedModel(model, folder);
  });

  it.each([1, 7, 12])('gives unit-length embeddings of %i images by the trained weights, BatchNorm folded', (batch) => {
    const loaded = new LoadedSavedModel(folder);
    const found = loaded.run(pixels.subarray(0, batch * IMAGE), [SIDE, SIDE]);
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
    const loaded = new LoadedSavedModel(join(root, 'bare'));
    const found = loaded.run(pixels, [SIDE, SIDE]);
    loaded.close();
    expect(found).toHaveLength(IMAGES * network.features);
    expected(bare)
      .flat()
      .forEach((value, at) => {
        expect(found[at]).toBeCloseTo(value, 5);
      });
  });

  it.each([
    [40, 23],
    [16, 100],
    [7, 5],
  ])('resizes images of %i × %i as ft does when it decodes: a triangle filter, rounded', async (height, width) => {
    const count = 3;
    const large = Uint8Array.from({ length: count * height * width * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const small = resizedByHand(large, count, height, width);
    const loaded = new LoadedSavedModel(folder);
    const found = loaded.run(large, [height, width]);
    const given = loaded.run(small, [SIDE, SIDE]);
    loaded.close();
    expect(found).toHaveLength(count * OUTPUTS);
    given.forEach((value, at) => {
      expect(found[at]).toBeCloseTo(value, 6);
    });
    // The embeddings tell such images apart: a pixel that was another would be seen.
    small[100] = (small[100] as number) ^ 64;
    const loadedAgain = new LoadedSavedModel(folder);
    const other = loadedAgain.run(small, [SIDE, SIDE]);
    loadedAgain.close();
    expect(Math.max(...other.map((value, at) => Math.abs(value - (given[at] as number))))).toBeGreaterThan(1e-4);
  });

  it('takes the bytes of images, and decodes them itself', async () => {
    const first = pixels.subarray(0, IMAGE);
    const large = Uint8Array.from({ length: 40 * 23 * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    const png = (bytes: Uint8Array, width: number, height: number) =>
      sharp(bytes, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
    const files = [await png(first, SIDE, SIDE), await png(large, 23, 40)];
    const loaded = await tf.node.loadSavedModel(folder, ['serve'], 'from_bytes');
    const strings = tf.tensor1d(files.map((file) => new Uint8Array(file)) as never, 'string');
    const found = await (loaded.predict({ bytes: strings } as never) as unknown as { embedding: Tensor }).embedding.array();
    loaded.dispose();
    strings.dispose();
    const own = new LoadedSavedModel(folder);
    const expectedRows = [...own.run(first, [SIDE, SIDE]), ...own.run(large, [40, 23])];
    own.close();
    (found as number[][]).flat().forEach((value, at) => {
      expect(value).toBeCloseTo(expectedRows[at] as number, 6);
    });
  });

  it('answers with names and probabilities where a classifier is given', async () => {
    const classes = 3;
    const head = { ...formulaHead(classes), inputs: network.features, outputs: classes };
    const labels = ['ant', 'Bär', 'c d'];
    const place = join(root, 'classifying');
    await writeSavedModel(model, place, { classifier: { head, labels } });
    const loaded = new LoadedSavedModel(place, 'probabilities');
    const found = loaded.run(pixels, [SIDE, SIDE]);
    loaded.close();
    const rows = softmaxByHand(expectedScores({ ...model, head }));
    rows.flat().forEach((value, at) => {
      expect(found[at]).toBeCloseTo(value, 5);
    });
    const whole = await tf.node.loadSavedModel(place, ['serve'], 'classify');
    const image = tf.tensor4d(Int32Array.from(pixels), [IMAGES, SIDE, SIDE, 3], 'int32');
    const answer = whole.predict({ image } as never) as unknown as Record<string, Tensor>;
    expect(await answer.labels?.array()).toEqual(labels);
    expect(await answer.label?.array()).toEqual(rows.map((row) => labels[row.indexOf(Math.max(...row))]));
    whole.dispose();
    expect(readFileSync(join(place, 'assets/classes.txt'), 'utf8')).toBe('ant\nBär\nc d\n');
    const { asset_file_def: assets, object_graph_def: objects } = graphOf(place);
    expect(assets).toMatchObject([{ filename: 'classes.txt', tensor_info: { name: 'asset_classes:0', dtype: 7 } }]);
    const { node_id: number } = objects.nodes[0].children.find((child: Message) => child.local_name === 'classes');
    expect(objects.nodes[number].asset).toEqual({});
    const embedding = new LoadedSavedModel(place);
    expect(embedding.run(pixels, [SIDE, SIDE])).toHaveLength(IMAGES * OUTPUTS);
    embedding.close();
  });

  it('holds every variable, those of the head with them, and says which are for training', () => {
    const { object_graph_def: objects } = graphOf(folder);
    const variables = objects.nodes.flatMap(({ variable }: Message) => variable ?? []);
    const shapes = Object.fromEntries(
      variables.map(({ name, shape }: Message) => [name, shape.dim.map(({ size }: Message) => size)]),
    );
    const own = [...network.variables.values()].map(({ name, shape }) => [name, [...shape]]);
    expect(shapes).toEqual({
      ...Object.fromEntries(own),
      'head/kernel': [network.features, OUTPUTS],
      'head/bias': [OUTPUTS],
    });
    const still = variables.filter(({ trainable }: Message) => trainable !== true).map(({ name }: Message) => name);
    const statistics = network.layers.flatMap((layer) => (layer.kind === 'batch-norm' ? [layer.mean, layer.variance] : []));
    expect(still.sort()).toEqual(statistics.sort());
  });

  it('has its signatures by name, any number of images of any size', () => {
    const { signature_def: signatures, meta_info_def: info } = graphOf(folder);
    expect(info.tags).toEqual(['serve']);
    expect(Object.keys(signatures).sort()).toEqual(['from_bytes', 'serving_default']);
    const sizes = ({ tensor_shape: shape }: Message) => shape.dim.map(({ size }: Message) => size);
    const { inputs, outputs, method_name: method } = signatures.serving_default;
    expect(method).toBe('tensorflow/serving/predict');
    expect([inputs.image.dtype, sizes(inputs.image)]).toEqual([4, [-1, -1, -1, 3]]);
    expect([outputs.embedding.dtype, sizes(outputs.embedding)]).toEqual([1, [-1, OUTPUTS]]);
  });

  it('is the same, byte by byte, each time it is written', async () => {
    await writeSavedModel(model, join(root, 'again'));
    for (const file of ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001'])
      expect(Buffer.compare(readFileSync(join(folder, file)), readFileSync(join(root, 'again', file))), file).toBe(0);
  });
});

const exportSavedModel = (of: FinishedModel, folder: string, source: FeatureSource, samples: number[]) =>
  exportChecked('savedmodel', of, folder, source, samples, {
    classifier: null,
    published: null,
    quantization: null,
    layout: 'nhwc',
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
    expect(readdirSync(join(root, 'checked')).sort()).toEqual(['saved_model.pb', 'variables']);
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

  it('refuses what quantising loses more than it may, after all images were asked, and leaves nothing', async () => {
    const seen = new Set<number>();
    const many = Array.from({ length: 70 }, (_, i) => i);
    const reading = source();
    const folded: FeatureSource = {
      ...reading,
      labelOf: (sample) => sample % 2,
      read(sample, target) {
        seen.add(sample);
        reading.read(sample % IMAGES, target);
      },
    };
    const quantised = (place: string, maxLoss: number) =>
      exportChecked('tfjs-graph', model, join(root, place), folded, many, {
        classifier: null,
        published: null,
        quantization: 'float16',
        layout: 'nhwc',
        maxLoss,
      });
    // Every image is there several times, so that all find their own; a loss of 0 is more than one below it.
    await expect(quantised('lossy', -0.01)).rejects.toThrow(/^--max-loss: as float16 the model loses 0\.0000 of Recall@1/);
    expect([seen.size, readdirSync(root).includes('lossy')]).toEqual([70, false]);
    expect((await quantised('lossless', 0)).recall).toEqual({ images: 70, own: 1, exported: 1 });
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
