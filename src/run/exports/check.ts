import { softmax } from '../../evaluate/calibration.js';
import { type ExportOptions, exportFormats, type FormatName } from '../../export/formats.js';
import type { FinishedModel } from '../../export/model.js';
import { logits } from '../../heads/project.js';
import { unitRows } from '../../heads/unit.js';
import { createFolderAtomic } from '../../runtime/folders.js';
import { computeFeatures, type FeatureSource, type Features } from '../../train/features.js';
import { openForward } from '../../train/forward.js';
import { embeddings } from '../../train/scoring.js';
import { type Output, reload } from './reload.js';
import { reread } from './reread.js';

/** The least cosine between a run's own embedding and the export's, and how many images are compared. */
const LEAST_COSINE = 0.9999;
/** The same where weights are quantised: what is below is broken, not rounded. How far they are off is measured and said. */
const LEAST_QUANTISED = 0.9;
/** The most that a probability of an exported classifier may differ from the run's own. */
const LARGEST_DIFFERENCE = 1e-4;
const LARGEST_QUANTISED = 0.5;
const COMPARED = 64;

/** What an export was held to before it counted. */
export interface ExportCheck {
  readonly format: FormatName;
  readonly folder: string;
  /** Images whose embeddings were compared; 0 where the format holds weights alone. */
  readonly images: number;
  readonly smallestCosine: number | null;
  /** Tensors that were read again and are the same, to the last bit. */
  readonly tensors: number | null;
  /** Between probabilities, where there is a classifier. */
  readonly largestDifference: number | null;
}

export interface CheckOptions extends ExportOptions {
  /** What else belongs into the folder. */
  readonly also?: (folder: string, check: ExportCheck) => Promise<void>;
}

/**
 * Writes a model in a format, loads it again by code that did not write it and compares what it gives with the run's own on up to
 * 64 images, before it counts. A difference is a fault of ours: nothing is left behind, and what lay there stays.
 */
export async function exportChecked(
  format: FormatName,
  model: FinishedModel,
  folder: string,
  source: FeatureSource,
  samples: ArrayLike<number>,
  options: CheckOptions,
): Promise<ExportCheck> {
  return createFolderAtomic(folder, async (temporary) => {
    await exportFormats[format](model, temporary, options);
    const found =
      format === 'safetensors' || format === 'keras'
        ? { images: 0, smallestCosine: null, largestDifference: null, tensors: await reread(format, temporary, model, options) }
        : { tensors: null, ...(await compared(format, model, temporary, source, someOf(samples), options)) };
    const check: ExportCheck = { format, folder, ...found };
    await options.also?.(temporary, check);
    return check;
  });
}

async function compared(
  format: Exclude<FormatName, 'safetensors' | 'keras'>,
  model: FinishedModel,
  folder: string,
  source: FeatureSource,
  samples: readonly number[],
  { classifier, quantization, result = 'embedding' }: ExportOptions,
) {
  const features = await ownFeatures(model, source, samples);
  const pixels = await pixelsOf(source, samples);
  const outputs = (output: Output) => outputsOf(format, folder, output, pixels, source.side);
  const own = embeddings(features, model.head);
  const smallestCosine =
    result === 'embedding' ? smallestDot(unitRows(own.values, own.dimensions), await outputs('embedding'), own.dimensions) : null;
  refuse(
    smallestCosine === null || smallestCosine >= (quantization === null ? LEAST_COSINE : LEAST_QUANTISED),
    `the exported model does not give the run's embeddings: smallest cosine ${smallestCosine} on ${samples.length} images, at least ${quantization === null ? LEAST_COSINE : LEAST_QUANTISED} was expected`,
  );
  if (classifier === null) return { images: samples.length, smallestCosine, largestDifference: null };
  const scores = logits(features.values, classifier.head);
  const classes = classifier.labels.length;
  const probabilities = new Float64Array(scores.length);
  for (let at = 0; at < scores.length; at += classes)
    softmax(scores.subarray(at, at + classes), probabilities.subarray(at, at + classes));
  const largestDifference = largestBetween(probabilities, await outputs('probabilities'));
  const limit = quantization === null ? LARGEST_DIFFERENCE : LARGEST_QUANTISED;
  refuse(
    largestDifference <= limit,
    `the exported classifier does not give the run's probabilities: they differ by ${largestDifference} on ${samples.length} images, at most ${limit} was expected`,
  );
  return { images: samples.length, smallestCosine, largestDifference };
}

/** NaN fails too. */
function refuse(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`${otherwise}; nothing was written`);
}

/** Up to 64 of the samples, evenly spaced. */
function someOf(samples: ArrayLike<number>): number[] {
  const count = Math.min(COMPARED, samples.length);
  return Array.from({ length: count }, (_, index) => samples[Math.floor((index * samples.length) / count)] as number);
}

async function ownFeatures(model: FinishedModel, source: FeatureSource, samples: readonly number[]): Promise<Features> {
  const forward = openForward({ ...model, most: samples.length });
  return computeFeatures(forward, source, samples).finally(() => forward.close());
}

async function pixelsOf({ side, read }: FeatureSource, samples: readonly number[]): Promise<Uint8Array> {
  const bytes = side * side * 3;
  const pixels = new Uint8Array(samples.length * bytes);
  for (const [place, sample] of samples.entries()) await read(sample, pixels.subarray(place * bytes, (place + 1) * bytes));
  return pixels;
}

async function outputsOf(
  format: Exclude<FormatName, 'safetensors' | 'keras'>,
  folder: string,
  output: Output,
  pixels: Uint8Array,
  side: number,
): Promise<Float32Array> {
  const loaded = await reload(format, folder, output);
  try {
    return await loaded.run(pixels, side);
  } finally {
    await loaded.close();
  }
}

/** The smallest of the rows' dot products; NaN where lengths differ. */
function smallestDot(a: Float32Array, b: Float32Array, dimensions: number): number {
  if (a.length !== b.length) return Number.NaN;
  let smallest = Number.POSITIVE_INFINITY;
  for (let start = 0; start < a.length; start += dimensions) {
    let dot = 0;
    for (let i = start; i < start + dimensions; i++) dot += (a[i] as number) * (b[i] as number);
    if (Number.isNaN(dot)) return Number.NaN;
    smallest = Math.min(smallest, dot);
  }
  return smallest;
}

/** NaN where there is one, or lengths differ. */
function largestBetween(a: Float64Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((largest, value, at) => {
    const difference = Math.abs(value - (b[at] as number));
    return difference <= largest ? largest : difference;
  }, 0);
}
