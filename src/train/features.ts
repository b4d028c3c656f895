import { Interrupted, UserError } from '../errors.js';
import type { Bar } from '../progress.js';
import type { Values } from '../runtime/session.js';
import type { Forward } from './forward.js';

/** Pooled features of some images, row-major [labels.length, dimensions], with the images' classes. */
export interface Features {
  readonly values: Float32Array;
  readonly labels: Int32Array;
  readonly dimensions: number;
}

/** Reads the RGB bytes of an image into `target`. */
export type ReadPixels = (sample: number, target: Uint8Array) => void | Promise<void>;

/** What is needed to turn samples into features, besides the program. */
export interface FeatureSource {
  readonly read: ReadPixels;
  readonly labelOf: (sample: number) => number;
  readonly side: number;
  readonly dimensions: number;
  /** Where the program takes the pixels from a table: the numbers of their rows, which are there by then. */
  readonly rows?: (samples: readonly number[]) => Promise<Int32Array>;
  /** Where the program's `features` begins above a frozen part: the maps that this part makes of images. */
  readonly maps?: {
    readonly shape: readonly number[];
    readonly read: (samples: readonly number[], target: Float32Array) => Promise<void>;
    /** Where the program takes them from a table: the numbers of their rows, which are there by then. */
    readonly rows?: (samples: readonly number[]) => Promise<Int32Array>;
  };
}

/**
 * Pooled features of samples, batch by batch; the last batch is filled up with zeros and cut.
 * Gives the event loop its turn between batches.
 * @throws Interrupted where the person asked to stop
 */
export async function computeFeatures(
  forward: Forward,
  source: FeatureSource,
  samples: ArrayLike<number>,
  bar?: Bar,
  stopped: () => boolean = () => false,
): Promise<Features> {
  const { dimensions } = source;
  const gather = source.maps === undefined ? pixelsOf(source) : mapsOf(source.maps);
  const values = new Float32Array(samples.length * dimensions);
  const labels = new Int32Array(samples.length);
  for (let start = 0; start < samples.length; ) {
    const { batch } = forward;
    const count = Math.min(batch, samples.length - start);
    const some = Array.from({ length: count }, (_, i) => samples[start + i] as number);
    some.forEach((sample, i) => {
      labels[start + i] = source.labelOf(sample);
    });
    const inputs = await gather(some, batch);
    const features = forward.run(inputs, samples.length - start - count);
    values.set(features.subarray(0, count * dimensions), start * dimensions);
    start += count;
    bar?.advance(count);
    await new Promise((resolve) => setImmediate(resolve));
    if (stopped()) throw new Interrupted('stopped while features were computed, which are computed anew');
  }
  return { values, labels, dimensions };
}

/** Reads up to a batch of images into values that the next call may overwrite; what is not filled is 0. */
type Gather = (samples: readonly number[], batch: number) => Promise<Record<string, Values>>;

function pixelsOf({ side, read, rows }: FeatureSource): Gather {
  if (rows !== undefined) return async (samples, batch) => ({ pixels: filledUp(await rows(samples), batch) });
  const bytes = side * side * 3;
  let pixels = new Uint8Array(0);
  return async (samples, batch) => {
    if (pixels.length !== batch * bytes) pixels = new Uint8Array(batch * bytes);
    for (const [i, sample] of samples.entries()) await read(sample, pixels.subarray(i * bytes, (i + 1) * bytes));
    pixels.fill(0, samples.length * bytes);
    return { pixels };
  };
}

function mapsOf({ shape, read, rows }: NonNullable<FeatureSource['maps']>): Gather {
  if (rows !== undefined) return async (samples, batch) => ({ map: filledUp(await rows(samples), batch) });
  const size = shape.reduce((product, extent) => product * extent, 1);
  let map = new Float32Array(0);
  return async (samples, batch) => {
    if (map.length !== batch * size) map = new Float32Array(batch * size);
    await read(samples, map.subarray(0, samples.length * size));
    map.fill(0, samples.length * size);
    return { map };
  };
}

/** As many numbers of rows as a batch has images: what is not filled is row 0. */
function filledUp(rows: Int32Array, batch: number): Int32Array {
  const all = new Int32Array(batch);
  all.set(rows);
  return all;
}

/**
 * Refuses features that a phase has ruined: all images the same. It is what too high a rate leaves where the loss has stayed
 * finite: every ReLU of a layer is dead, and whatever is fitted to such features fails in words that do not say why.
 * @throws UserError
 */
export function refuseCollapsed({ values, labels, dimensions }: Features, phase: string): void {
  const first = values.subarray(0, dimensions);
  if (labels.length < 2 || values.some((value, at) => value !== first[at % dimensions])) return;
  throw new UserError({
    what: `after the ${phase} phase the network gives the same features for every image: it has collapsed`,
    where: `${phase}.rate`,
    mend: `start again with a lower rate, or set ${phase}.clipNorm, e.g. --set ${phase}.clipNorm=1`,
  });
}

/** The rows of two sets one after the other. */
export function concatFeatures(a: Features, b: Features): Features {
  if (b.labels.length === 0) return a;
  const values = new Float32Array(a.values.length + b.values.length);
  values.set(a.values);
  values.set(b.values, a.values.length);
  return { values, labels: Int32Array.from([...a.labels, ...b.labels]), dimensions: a.dimensions };
}
