/** What the frozen part of a network makes of images: computed once for each image, or view of one, and kept on disk. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { BatchPlan } from '../data/batch.js';
import { cacheLimit, makeRoom } from '../data/cache-room.js';
import type { Loader } from '../data/loader.js';
import { BYTES, MapCache, type MapFormat } from '../data/map-cache.js';
import type { Progress } from '../progress.js';
import { cacheFolder } from '../runtime/folders.js';
import type { FeatureSource } from '../train/features.js';
import { fingerprints } from '../train/frozen-proof.js';
import type { MapRows } from '../train/map-rows.js';
import type { Batch } from '../train/phase.js';
import { type FrozenPart, frozenPart, Prefix } from '../train/prefix.js';
import type { Weights } from '../train/trainer.js';
import type { PhasePlan } from '../transfer/plan.js';
import { viewSeed } from './phase-batches.js';
import { precisionOf } from './precision.js';
import { viewBatches } from './view-batches.js';
import type { Workbench } from './workbench.js';

/** A change of what is computed, or of what the files mean, takes another number. */
const FORM = 2;

/** Images a call of the frozen part. */
const PREFIX_BATCH = 64;

/** The maps of a phase, or of a part of one in which the same is frozen. */
export interface FrozenMaps {
  readonly part: FrozenPart;
  readonly format: MapFormat;
  /** Images as they are, for features: by their maps. */
  readonly source: FeatureSource;
  /**
   * The batches of planned views, by their maps, or by the numbers of the rows that have these; null where maps are kept for images as
   * they are alone.
   */
  readonly batches: ((plans: readonly BatchPlan[], rows?: MapRows) => AsyncGenerator<Batch>) | null;
  close(): void;
}

export interface FrozenMapsOptions {
  readonly plan: PhasePlan;
  readonly weights: Weights;
  readonly source: FeatureSource;
  /** Makes the pixels of planned views; null where no views are wanted: images are mixed with each other, which no map can hold. */
  readonly loader: Loader | null;
  readonly progress: Progress;
  /** Where they are kept. */
  readonly folder?: string | undefined;
}

/** Null where nothing stands still, where the recipe wants no maps, or where there is no room for them, which is said. */
export function openFrozenMaps(bench: Workbench, options: FrozenMapsOptions): FrozenMaps | null {
  const { recipe, network, decoded } = bench;
  const precision = precisionOf(recipe);
  const { frozenMaps: format, engine, data } = recipe;
  const part = format === 'off' ? null : frozenPart(network, options.plan, data.side);
  if (part === null || format === 'off') return null;
  const images = decoded.dataset.samples.length;
  const common = madeBy(part, options.weights, bench);
  const kept: string[] = [];
  const open = (slots: number, of: object): MapCache | null => {
    const name = keyOf({ ...common, slots, format, ...of });
    const root = options.folder ?? cacheFolder('maps');
    mkdirSync(root, { recursive: true });
    const bytes = slots * part.size * BYTES[format];
    if (!makeRoom(root, name, bytes, cacheLimit(), kept)) {
      options.progress.line(
        `no room for what frozen layers make of the images (${(bytes / 2 ** 30).toFixed(1)} GiB; FT_CACHE_MAX): it is computed in every epoch`,
      );
      return null;
    }
    kept.push(name);
    return new MapCache(join(root, name), slots, part.size, format);
  };
  const plain = open(images, {});
  if (plain === null) return null;
  const { views } = data;
  const { loader } = options;
  const viewed =
    views === 0 || loader === null
      ? null
      : open(images * views, { views, augment: data.augment, seed: viewSeed(recipe.seed), precision });
  // Scores are taken in float32, whatever a step computes in.
  const prefix = new Prefix(engine, part, options.weights, PREFIX_BATCH, data.side);
  const stepwise = precision === 'fp32' ? prefix : new Prefix(engine, part, options.weights, PREFIX_BATCH, data.side, precision);
  return {
    part,
    format,
    source: { ...options.source, maps: { shape: part.shape, read: plainReader(plain, prefix, options.source) } },
    batches: viewed && loader && ((plans, rows) => viewBatches(plans, { cache: viewed, views, prefix: stepwise, loader }, rows)),
    close() {
      plain.close();
      viewed?.close();
      prefix.close();
      if (stepwise !== prefix) stepwise.close();
    },
  };
}

/** All that every map of a part depends on. The processor too: another one's sums may differ in their last bits. */
function madeBy({ cut, shape }: FrozenPart, weights: Weights, { recipe, decoded }: Workbench): object {
  const { prefix } = cut;
  const values = Object.fromEntries([...prefix.variables.values()].map(({ name, values }) => [name, weights[name] ?? values]));
  return {
    form: FORM,
    layers: prefix.layers,
    preprocessing: prefix.preprocessing,
    weights: fingerprints(values),
    shape,
    side: recipe.data.side,
    images: decoded.dataset.fingerprint,
    // Which of them decode: a slot is an image's place among those.
    count: decoded.dataset.samples.length,
    processor: cpus()[0]?.model,
  };
}

/** Names a folder by what its maps depend on. */
function keyOf(made: object): string {
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 24);
}

/** Reads maps of images as they are; what is missing is computed from their pixels. */
function plainReader(cache: MapCache, prefix: Prefix, source: FeatureSource) {
  const bytes = source.side ** 2 * 3;
  return async (samples: readonly number[], target: Float32Array): Promise<void> => {
    const map = (at: number) => target.subarray(at * cache.size, (at + 1) * cache.size);
    const missing = samples.flatMap((sample, at) => (cache.read(sample, map(at)) ? [] : [at]));
    for (let first = 0; first < missing.length; first += prefix.batch) {
      const some = missing.slice(first, first + prefix.batch);
      const pixels = new Uint8Array(some.length * bytes);
      for (const [place, at] of some.entries())
        await source.read(samples[at] as number, pixels.subarray(place * bytes, (place + 1) * bytes));
      const maps = prefix.run(pixels, some.length);
      some.forEach((at, place) => {
        cache.write(samples[at] as number, maps.subarray(place * cache.size, (place + 1) * cache.size));
        // Read back, so that the first look at a map and every later one are the same also where it is rounded.
        cache.read(samples[at] as number, map(at));
      });
    }
  };
}
