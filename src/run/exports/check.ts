import { UserError } from '../../errors.js';
import { softmax } from '../../evaluate/calibration.js';
import { type ExportOptions, exportFormats } from '../../export/formats.js';
import type { FinishedModel } from '../../export/model.js';
import type { FormatName } from '../../formats.js';
import { logits } from '../../heads/project.js';
import { unitRows } from '../../heads/unit.js';
import { createFolderAtomic } from '../../runtime/folders.js';
import type { FeatureSource } from '../../train/features.js';
import { embeddings } from '../../train/scoring.js';
import { outputsOf, ownFeatures } from './outputs.js';
import { type RecallLoss, recallLoss, refuseLoss } from './recall-loss.js';
import type { Computing, Output } from './reload.js';
import { reread } from './reread.js';

/** The least cosine between a run's own embedding and the export's, and how many images are compared. */
const LEAST_COSINE = 0.9999;
/**
 * The same where weights are quantised: what is below is broken, not rounded. How far they are off is measured and said. Rounded activations turn
 * single embeddings further (efficientnet-lite0: 0.88) without a loss of Recall@1.
 */
const LEAST_QUANTISED = { float16: 0.9, uint8: 0.9, int8: 0.8 } as const;
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
  /** What quantising its kernels loses, on all held-out images; null where none are, or it cannot be told. */
  readonly recall: RecallLoss | null;
  /** Training images by which ranges were measured; null where none were. */
  readonly calibrated: number | null;
}

export interface CheckOptions extends ExportOptions {
  /** The most of Recall@1 that quantising may lose; any, where it is left out. */
  readonly maxLoss?: number | null;
  /** What else belongs into the folder. */
  readonly also?: (folder: string, check: ExportCheck) => Promise<void>;
}

/**
 * Writes a model in a format, loads it again by code that did not write it and compares what it gives with the run's own on up to
 * 64 images, before it counts. A difference is a fault of ours: nothing is left behind, and what lay there stays. Where kernels are
 * quantised, what that loses of Recall@1 is measured on all images.
 * @throws UserError where it loses more than it may
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
        ? { ...WEIGHTS_ALONE, tensors: await reread(format, temporary, model, options) }
        : {
            tensors: null,
            ...(await compared(format, model, temporary, source, someOf(samples), options)),
            recall: await lost(format, model, temporary, source, Array.from(samples), options),
          };
    const calibrated = options.calibration?.count ?? null;
    const check: ExportCheck = { format, folder, ...found, calibrated };
    await options.also?.(temporary, check);
    return check;
  });
}

const WEIGHTS_ALONE = { images: 0, smallestCosine: null, largestDifference: null, recall: null };

async function lost(
  format: Computing,
  model: FinishedModel,
  folder: string,
  source: FeatureSource,
  samples: readonly number[],
  { quantization, maxLoss = null }: CheckOptions,
): Promise<RecallLoss | null> {
  if (quantization === null) return null;
  const loss = await recallLoss(format, model, folder, source, samples);
  if (maxLoss !== null) refuseLoss(loss, maxLoss, quantization);
  return loss;
}

async function compared(
  format: Computing,
  model: FinishedModel,
  folder: string,
  source: FeatureSource,
  samples: readonly number[],
  { classifier, quantization, result = 'embedding' }: ExportOptions,
) {
  const features = await ownFeatures(model, source, samples);
  const outputs = (output: Output) => outputsOf(format, folder, output, source, samples);
  const own = embeddings(features, model.head);
  const smallestCosine =
    result === 'embedding' ? smallestDot(unitRows(own.values, own.dimensions), await outputs('embedding'), own.dimensions) : null;
  const least = quantization === null ? LEAST_COSINE : LEAST_QUANTISED[quantization];
  refuse(
    smallestCosine === null || smallestCosine >= least,
    `the exported model does not give the run's embeddings: smallest cosine ${smallestCosine} on ${samples.length} images, at least ${least} was expected`,
    quantization,
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
    quantization,
  );
  return { images: samples.length, smallestCosine, largestDifference };
}

/** NaN fails too. What rounding does to kernels is no fault of ours: other bits are the person's choice. */
function refuse(holds: boolean, otherwise: string, quantization: string | null): void {
  if (holds) return;
  const what = `${otherwise}; nothing was written`;
  if (quantization === null) throw new Error(what);
  throw new UserError({ where: `--quantize ${quantization}`, what, mend: MENDS[quantization] ?? 'leave --quantize out' });
}

const MENDS: Readonly<Record<string, string>> = {
  // A graph model has BatchNorm folded into its kernels, whose channels then differ more than one scale can hold.
  uint8: '--quantize float16, or --format tfjs, whose kernels are spread less',
  int8: 'more --calibration images, or leave --quantize out',
};

/** Up to 64 of the samples, evenly spaced. */
function someOf(samples: ArrayLike<number>): number[] {
  const count = Math.min(COMPARED, samples.length);
  return Array.from({ length: count }, (_, index) => samples[Math.floor((index * samples.length) / count)] as number);
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
