/** A run that computes what frozen layers make of its images once gives the numbers of one that computes it in every step. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import { openMapStore } from '../../src/data/map-store.js';
import { readJson, readLines, sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
const maps = join(root, 'maps');
const KEYS = [...TINY, 'data.views=2', 'classification.epochs=3', 'triplet.epochs=3', 'classification.evaluateEvery=1'];

/** What a run came to, but for its times. */
const outcome = (run: string) => ({
  model: readFileSync(join(run, 'model.safetensors')).toString('base64'),
  head: readFileSync(join(run, 'model-head.safetensors')).toString('base64'),
  scores: readJson(run, 'scores.json'),
  epochs: readLines(run, 'metrics.jsonl').map(({ images_per_second, waiting, ...rest }) => rest),
});
const caches = () => (existsSync(maps) ? readdirSync(maps).sort() : []);

describe('frozen maps', () => {
  let without: ReturnType<typeof outcome>;
  beforeAll(async () => {
    without = outcome((await trainParts(join(root, 'off'), [...KEYS, 'frozenMaps=off'])).path);
  });

  it('change no number, whether they are computed or found, in both phases', async () => {
    const first = await trainParts(join(root, 'first'), KEYS, { mapsFolder: maps });
    expect(outcome(first.path)).toEqual(without);
    // Of the images as they are, and of their views; both phases freeze the same.
    expect(caches()).toHaveLength(2);
    const written = caches().map((name) => statSync(join(maps, name, 'index')).mtimeMs);
    const again = await trainParts(join(root, 'again'), KEYS, { mapsFolder: maps });
    expect(outcome(again.path)).toEqual(without);
    expect(caches().map((name) => statSync(join(maps, name, 'index')).mtimeMs)).toEqual(written);
  });

  it('that are damaged are computed again', async () => {
    for (const name of caches()) {
      const bytes = readFileSync(join(maps, name, 'maps'));
      for (let at = 100; at < bytes.length; at += 5000) bytes[at] = (bytes[at] as number) ^ 255;
      writeFileSync(join(maps, name, 'maps'), bytes);
    }
    const run = await trainParts(join(root, 'damaged'), KEYS, { mapsFolder: maps });
    expect(outcome(run.path)).toEqual(without);
  });

  it('are others for other weights below the cut, another augmentation or another cut', async () => {
    const known = caches().length;
    await trainParts(join(root, 'grey'), [...KEYS, 'data.augment={grey: 0.5}', 'triplet=null'], { mapsFolder: maps });
    expect(caches()).toHaveLength(known + 1);
    await trainParts(join(root, 'cut'), [...KEYS, 'classification.freeze={until: conv1}', 'triplet=null'], { mapsFolder: maps });
    expect(caches()).toHaveLength(known + 3);
    // Nothing is frozen: nothing is kept.
    await trainParts(join(root, 'none'), [...KEYS, 'classification.freeze={until: none}', 'triplet=null'], { mapsFolder: maps });
    expect(caches()).toHaveLength(known + 3);
  });

  it('of a backbone that is frozen as a whole are its pooled features', async () => {
    const keys = [...KEYS, 'triplet=null', 'classification.freeze={until: all}'];
    const off = await trainParts(join(root, 'all-off'), [...keys, 'frozenMaps=off']);
    const folder = join(root, 'all-maps');
    const on = await trainParts(join(root, 'all'), keys, { mapsFolder: folder });
    expect(outcome(on.path)).toEqual(outcome(off.path));
    // 256 features of each of the 48 images, four bytes each.
    expect(
      readdirSync(folder)
        .map((name) => statSync(join(folder, name, 'maps')).size)
        .sort(),
    ).toEqual([48 * 256 * 4, 2 * 48 * 256 * 4]);
  });

  it('in bf16 take half the room and end near by', async () => {
    const [whole, half] = [join(root, 'whole'), join(root, 'half')];
    const keys = [...KEYS, 'triplet=null'];
    const exact = outcome((await trainParts(join(root, 'fp32'), keys, { mapsFolder: whole })).path).epochs;
    const run = await trainParts(join(root, 'bf16'), [...keys, 'frozenMaps=bf16'], { mapsFolder: half });
    const sizes = (of: string) =>
      readdirSync(of)
        .map((name) => statSync(join(of, name, 'maps')).size)
        .sort((a, b) => a - b);
    expect(sizes(half).map((size) => 2 * size)).toEqual(sizes(whole));
    outcome(run.path).epochs.forEach((epoch, at) => {
      expect(Math.abs(epoch.loss - exact[at]?.loss)).toBeLessThan(0.05 * exact[at]?.loss);
      expect(epoch.loss).not.toBe(exact[at]?.loss);
    });
  });

  it('are left out where there is no room for them, and the run goes on', async () => {
    const folder = join(root, 'no-room');
    process.env.FT_CACHE_MAX = '10k';
    try {
      const run = await trainParts(join(root, 'tight'), KEYS, { mapsFolder: folder });
      expect(outcome(run.path)).toEqual(without);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      delete process.env.FT_CACHE_MAX;
    }
  });

  it('do not keep a killed run from going on to the same numbers', async () => {
    const folder = join(root, 'killed');
    await trainParts(folder, KEYS, { killed: 9, mapsFolder: join(root, 'killed-maps'), saveEvery: 0 }).catch(() => {});
    const [run] = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));
    const resumed = await trainParts(folder, KEYS, {
      resume: join(folder, run as string),
      mapsFolder: join(root, 'killed-maps'),
    });
    expect(outcome(resumed.path)).toEqual(without);
  });

  it('without views are kept of the images as they are alone, and nothing changes', async () => {
    const keys = [...KEYS, 'data.views=0', 'triplet=null'];
    const off = await trainParts(join(root, 'drawn-off'), [...keys, 'frozenMaps=off']);
    const folder = join(root, 'drawn-maps');
    const on = await trainParts(join(root, 'drawn'), keys, { mapsFolder: folder });
    expect(outcome(on.path)).toEqual(outcome(off.path));
    const [name] = readdirSync(folder) as [string];
    expect(readdirSync(folder)).toHaveLength(1);
    const { size } = statSync(join(folder, name, 'maps'));
    // The training images were never looked at as they are, but for the few whose embeddings are watched.
    const store = openMapStore(join(folder, name), 48, size / 48);
    const { split } = readJson(on.path, 'data.json');
    const there = Array.from({ length: 48 }, (_, slot) => slot).filter((slot) => store.has(slot)).length;
    store.close();
    expect(there).toBeGreaterThanOrEqual(split.parts.validation.images + split.parts.heldOut.images);
  });
});
