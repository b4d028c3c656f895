import { type AugmentDraw, type AugmentOptions, augment, drawAugmentation } from './augment.js';
import { drawMix, type Mix, type MixOptions, mixPixels } from './augment-mix.js';
import { DamagedPixels, type PixelStore } from './pixels.js';

/** Which images a batch is made of, and where in its epoch it stands. */
export interface BatchPlan {
  /** Images of the store (samples of the decoded data set). */
  readonly indices: Int32Array;
  readonly epoch: number;
  /** How many images of the epoch come before this batch: the place of its first image, the key of its augmentations. */
  readonly first: number;
  /** Where every image has a fixed number of views: the one that each place shows. Else each place of each epoch draws its own. */
  readonly views?: Int32Array;
}

/** The batches of one epoch as a plan, from a step on (where a run is resumed). */
export function planEpoch(
  batches: readonly Int32Array[],
  epoch: number,
  fromStep = 0,
  views?: readonly Int32Array[],
): BatchPlan[] {
  let first = 0;
  const plan = batches.map((indices, step) => {
    const shown = views?.[step];
    const item = { indices, epoch, first, ...(shown === undefined ? {} : { views: shown }) };
    first += indices.length;
    return item;
  });
  return plan.slice(fromStep);
}

/** All images once, in their order, without an epoch: for embedding them. */
export function planAll(samples: Int32Array, batch: number): BatchPlan[] {
  const batches: Int32Array[] = [];
  for (let i = 0; i < samples.length; i += batch) batches.push(samples.slice(i, i + batch));
  return planEpoch(batches, 0);
}

/** How the pixels of a batch come about. */
export interface BatchOptions {
  /** null: the images as they are. */
  readonly augment: AugmentOptions | null;
  readonly seed: number;
  /** null or absent: no image is mixed with another. */
  readonly mix?: MixOptions | null;
  /** Width : height of each image of the store as it was on disk; absent: all are squares. Crops need it. */
  readonly aspects?: Float32Array | null;
}

/** How the images of a batch are mixed; undefined where the options mix none. */
export function mixOf({ mix, seed }: BatchOptions, plan: BatchPlan, side: number): Mix | undefined {
  if (mix === undefined || mix === null) return undefined;
  return drawMix(mix, seed, plan.epoch, plan.first, plan.indices.length, side);
}

/** How each image of a batch is varied; undefined where the options leave them as they are. */
export function drawsOf({ augment, seed, aspects }: BatchOptions, plan: BatchPlan, side: number): AugmentDraw[] | undefined {
  if (augment === null) return undefined;
  return Array.from(plan.indices, (image, position) => {
    const aspect = aspects?.[image] ?? 1;
    const view = plan.views?.[position];
    // The key of a view: where it stands, or where it is one of the image's own, the image and its number.
    const [row, place] = view === undefined ? [plan.epoch, plan.first + position] : [view, image];
    return drawAugmentation(augment, seed, row, place, { side, aspect });
  });
}

/**
 * The pixels of a batch, image after image: batch × side × side × 3 bytes. A pure function of the store, the options and the
 * plan: the same wherever it is called.
 * @throws DamagedPixels naming the first image whose bytes are not those that were written
 */
export function makeBatch(store: PixelStore, options: BatchOptions, plan: BatchPlan): Uint8Array<ArrayBuffer> {
  const { side } = store;
  const bytes = side * side * 3;
  const pixels = new Uint8Array(plan.indices.length * bytes);
  const source = new Uint8Array(bytes);
  const draws = drawsOf(options, plan, side);
  plan.indices.forEach((image, position) => {
    const target = pixels.subarray(position * bytes, (position + 1) * bytes);
    const draw = draws?.[position];
    store.read(image, draw === undefined ? target : source);
    if (draw !== undefined) augment(source, side, draw, target);
  });
  const mix = mixOf(options, plan, side);
  return mix === undefined ? pixels : mixPixels(pixels, side, mix);
}

/** The pixels of a batch, or the number of an image in it that has to be decoded again first. */
export type BatchResult = Uint8Array<ArrayBuffer> | { readonly damaged: number };

export function tryBatch(store: PixelStore, options: BatchOptions, plan: BatchPlan): BatchResult {
  try {
    return makeBatch(store, options, plan);
  } catch (error) {
    if (error instanceof DamagedPixels) return { damaged: error.image };
    throw error;
  }
}
