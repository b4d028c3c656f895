import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AugmentOptions, augment, drawAugmentation } from '../../src/data/augment.js';
import { type BatchPlan, planAll, planEpoch } from '../../src/data/batch.js';
import { labelsOf } from '../../src/data/dataset.js';
import { scanFolder } from '../../src/data/folder.js';
import { createLoader, type LoaderOptions } from '../../src/data/loader.js';
import { cachePixels, type DecodedDataset } from '../../src/data/pixel-cache.js';
import { openPixels } from '../../src/data/pixels.js';
import { pkBatches, shuffledBatches } from '../../src/data/samplers.js';
import { putTree, temporaryFolders } from './images.js';

const folder = temporaryFolders();
const views: AugmentOptions = { flip: 0.5, scale: [0.8, 1.2], aspect: 0.1, rotation: 20, shift: 0.1, colour: 0.3 };
const bytes = 10 * 10 * 3;

async function images(): Promise<DecodedDataset> {
  const root = folder();
  await putTree(root, ['a', 'b', 'c'], 5);
  return cachePixels(await scanFolder(root), { side: 10, folder: folder() });
}

async function collect(decoded: DecodedDataset, options: LoaderOptions, plan: readonly BatchPlan[]): Promise<Uint8Array[]> {
  const loader = createLoader(decoded, options);
  const found: Uint8Array[] = [];
  let at = 0;
  for await (const batch of loader.batches(plan)) {
    expect(batch.indices).toEqual(plan[at++]?.indices);
    found.push(batch.pixels);
  }
  await loader.close();
  return found;
}

const all = Int32Array.from({ length: 15 }, (_, i) => i);
const twoEpochs = [0, 1].flatMap((epoch) => planEpoch(shuffledBatches(all, 4, 11, epoch), epoch));

describe('the loader', () => {
  it('gives the same bytes in the same order with no, one and three workers', async () => {
    const decoded = await images();
    const [here, one, three] = await Promise.all(
      [0, 1, 3].map((workers) => collect(decoded, { augment: views, seed: 5, workers }, twoEpochs)),
    );
    expect(here).toHaveLength(6);
    expect(one).toEqual(here);
    expect(three).toEqual(here);
  });

  it('gives each place in the epoch the view that is drawn for it', async () => {
    const decoded = await images();
    const [, second] = await collect(decoded, { augment: views, seed: 5, workers: 0 }, twoEpochs);
    const store = openPixels(decoded.storePath);
    const expected = new Uint8Array(bytes);
    augment(store.read(twoEpochs[1]?.indices[2] as number), 10, drawAugmentation(views, 5, 0, 4 + 2), expected);
    expect(second?.subarray(2 * bytes, 3 * bytes)).toEqual(expected);
    store.close();
  });

  it('continues an epoch from any step with the bytes that a whole run has there', async () => {
    const decoded = await images();
    const batches = shuffledBatches(all, 4, 11, 7);
    const whole = await collect(decoded, { augment: views, seed: 5, workers: 0 }, planEpoch(batches, 7));
    const rest = await collect(decoded, { augment: views, seed: 5, workers: 1 }, planEpoch(batches, 7, 2));
    expect(rest).toEqual(whole.slice(2));
  });

  it('shows an image that comes twice in a batch in two views', async () => {
    const decoded = await images();
    const plan = planEpoch([pkBatches(all, labelsOf(decoded.dataset), 2, 8, 1, 0)[0] as Int32Array], 0);
    const indices = [...(plan[0]?.indices ?? [])];
    const [batch] = await collect(decoded, { augment: views, seed: 5, workers: 0 }, plan);
    const first = 0;
    const again = indices.indexOf(indices[0] as number, 1);
    expect(again).toBeGreaterThan(0);
    expect(batch?.subarray(first, bytes)).not.toEqual(batch?.subarray(again * bytes, (again + 1) * bytes));
  });

  it('gives the cached pixels themselves where nothing is augmented', async () => {
    const decoded = await images();
    const batches = await collect(decoded, { augment: null, seed: 0, workers: 1 }, planAll(all, 6));
    expect(batches.map((batch) => batch.length / bytes)).toEqual([6, 6, 3]);
    const store = openPixels(decoded.storePath);
    expect(Buffer.concat(batches)).toEqual(Buffer.concat([...all].map((i) => store.read(i))));
    store.close();
  });

  it.each([0, 2])('decodes a damaged image again, says so, and gives the right bytes (%i workers)', async (workers) => {
    const decoded = await images();
    const plan = planAll(all, 6);
    const whole = await collect(decoded, { augment: views, seed: 5, workers: 0 }, plan);
    const file = readFileSync(decoded.storePath);
    for (const image of [7, 9]) file[4096 + image * bytes + 20] = (file[4096 + image * bytes + 20] as number) ^ 64;
    writeFileSync(decoded.storePath, file);
    const lines: string[] = [];
    const progress = { bar: () => ({ advance() {}, done() {} }), line: (text: string) => void lines.push(text) };
    expect(await collect(decoded, { augment: views, seed: 5, workers, progress }, plan)).toEqual(whole);
    expect(lines).toEqual(['b/2.png', 'b/4.png'].map((name) => `the cached pixels of ${name} were damaged: decoded again`));
  });

  it.each([0, 2])('passes a failure on to whoever asks for the batch (%i workers)', async (workers) => {
    const decoded = await images();
    await expect(collect(decoded, { augment: null, seed: 0, workers }, planAll(Int32Array.of(1, 99), 2))).rejects.toThrow(
      'image 99 of 15',
    );
  });

  it('leaves no thread when it is closed in the middle of an epoch', async () => {
    const decoded = await images();
    const loader = createLoader(decoded, { augment: views, seed: 5, workers: 2 });
    for await (const _ of loader.batches(twoEpochs)) break;
    const workers = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    await loader.close();
    expect(workers()).toBe(0);
  });

  it('ends a batch that is waited for when it is closed', async () => {
    const decoded = await images();
    const loader = createLoader(decoded, { augment: views, seed: 5, workers: 1 });
    const ended = expect(loader.batches(twoEpochs).next()).rejects.toThrow();
    await loader.close();
    await ended;
  });
});
