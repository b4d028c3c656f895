/** Every export that `ft serve` may be handed, asked by HTTP and held to the run it was made of. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportPlace } from '../../src/run/serving/export-place.js';
import type { Classified, Embedded } from '../../src/serve/api.js';
import { putTree } from '../data/images.js';
import { setting, sharedFolder, TINY } from '../run/runs.js';
import { dot } from '../serve/served.js';
import { ownEmbeddings, servedExport } from './served-export.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
let photos: Buffer[];
let own: Float32Array[];

async function exported(...argv: string[]): Promise<string> {
  const out = argv.filter((one) => !one.startsWith('--')).join('-');
  const { code, err } = await ft(['export', ...argv, '--out', out], { folder });
  if (code !== 0) throw new Error(err);
  return join(folder, out);
}

beforeAll(async () => {
  const { code, err } = await ft(['train', 'smoke', ...setting(...TINY)], { folder });
  if (code !== 0) throw new Error(err);
  await putTree(join(folder, 'photos'), ['ant', 'bee', 'cow'], 2);
  photos = ['ant/0', 'bee/1', 'cow/0'].map((file) => readFileSync(join(folder, `photos/${file}.png`)));
  own = await ownEmbeddings(folder, photos);
});

describe('ft serve', () => {
  it.each([
    [['--format', 'savedmodel'], 1e-4],
    [['--format', 'onnx'], 1e-4],
    [['--format', 'onnx', '--layout', 'nchw'], 1e-4],
    [['--format', 'tfjs'], 1e-4],
    [['--format', 'tfjs-graph'], 1e-4],
    [['--format', 'tfjs', '--quantize', 'float16'], 0.01],
    [['--format', 'tfjs-graph', '--quantize', 'float16'], 0.01],
    [['--format', 'tfjs', '--quantize', 'uint8'], 0.4],
    [['--format', 'tfjs-graph', '--quantize', 'uint8'], 0.4],
    [['--format', 'onnx', '--quantize', 'int8'], 0.4],
  ])("gives the run's own embeddings by an export: %j", async (argv, most) => {
    const { post } = await servedExport(await exported(...argv), photos);
    const { embeddings, dimensions } = await post<Embedded>('/embed');
    expect([embeddings.length, dimensions]).toEqual([photos.length, own[0]?.length]);
    let largest = 0;
    embeddings.forEach((row, image) => {
      row.forEach((value, at) => {
        largest = Math.max(largest, Math.abs(value - (own[image]?.[at] as number)));
      });
      expect(dot(row, row)).toBeCloseTo(1, 5);
      // The nearest of the run's own is that of the same photo.
      const cosines = own.map((other) => dot(row, other));
      expect(cosines.indexOf(Math.max(...cosines))).toBe(image);
    });
    expect(largest).toBeLessThan(most);
    // What is in fewer bits is what answers, and not something else.
    if (argv.includes('--quantize')) expect(largest).toBeGreaterThan(1e-6);
  });

  it('gives one classifier by every format', async () => {
    const answers: Classified[] = [];
    for (const format of ['savedmodel', 'onnx', 'tfjs', 'tfjs-graph']) {
      const { post, model } = await servedExport(await exported('--format', format, '--phase', 'classification'), photos);
      const found = await post<Classified>('/classify?top=4');
      expect(found.images[0]?.map((one) => one.class).sort()).toEqual([...(model.classes ?? [])].sort());
      answers.push(found);
    }
    const [first, ...others] = answers as [Classified, ...Classified[]];
    for (const other of others)
      other.images.forEach((classes, image) =>
        classes.forEach((one) => {
          const same = first.images[image]?.find((reference) => reference.class === one.class);
          expect(one.probability).toBeCloseTo(same?.probability as number, 4);
        }),
      );
  });

  it('takes a file of an export for its folder, and refuses weights alone and models without a card', async () => {
    const place = await exported('--format', 'safetensors');
    expect(exportPlace(join(place, 'backbone.safetensors'))).toBe(place);
    expect(exportPlace(join(folder, 'runs/latest'))).toBe(null);
    expect(exportPlace(join(folder, 'runs'))).toBe(null);
    await expect(servedExport(place, photos)).rejects.toThrow('holds weights and no computation');
    const { code, err } = await ft(['serve', await exported('--format', 'keras'), '--port', '0'], { folder });
    expect([code, err]).toEqual([2, expect.stringContaining('holds weights and no computation\n  expected: savedmodel, onnx,')]);
    mkdirSync(join(folder, 'foreign'));
    writeFileSync(join(folder, 'foreign/model.onnx'), '');
    for (const one of ['foreign', 'foreign/model.onnx'])
      expect(() => exportPlace(join(folder, one))).toThrow('this model was not exported by ft, or lost its card');
  });
});
