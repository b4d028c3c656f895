import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { softmax } from '../evaluate/calibration.js';
import type { ExportedClassifier, FinishedModel } from '../export/model.js';
import { LoadedSavedModel, writeSavedModel } from '../export/savedmodel.js';
import { logits } from '../heads/project.js';
import { unitRows } from '../heads/unit.js';
import { createFolderAtomic } from '../runtime/folders.js';
import { computeFeatures, type FeatureSource, type Features } from '../train/features.js';
import { openForward } from '../train/forward.js';
import { jsonText } from '../train/run-folder.js';
import { embeddings } from '../train/scoring.js';

/** The least cosine between a run's own embedding and the export's, and how many images are compared. */
const LEAST_COSINE = 0.9999;
/** The most that a probability of an exported classifier may differ from the run's own. */
const LARGEST_DIFFERENCE = 1e-4;
const COMPARED = 64;

export interface ExportCheck {
  readonly folder: string;
  readonly images: number;
  readonly smallestCosine: number;
}

export interface ClassifierCheck {
  readonly folder: string;
  readonly images: number;
  readonly largestDifference: number;
}

/**
 * Writes a SavedModel into `folder`, loads it again and compares its embeddings with the run's own on up to 64 images before it
 * counts. A difference is a fault of ours: nothing is left behind.
 */
export async function exportSavedModel(
  model: FinishedModel,
  folder: string,
  source: FeatureSource,
  samples: ArrayLike<number>,
  classifier: ExportedClassifier | null = null,
): Promise<ExportCheck> {
  const compared = someOf(samples);
  const own = embeddings(await ownFeatures(model, source, compared), model.head);
  const reference = unitRows(own.values, own.dimensions);
  return createFolderAtomic(folder, async (temporary) => {
    await writeSavedModel(model, temporary, { classifier });
    const smallestCosine = smallestDot(
      reference,
      await outputsOf(temporary, model, source, compared, 'embedding'),
      own.dimensions,
    );
    if (!(smallestCosine >= LEAST_COSINE)) {
      throw new Error(
        `the exported model does not give the run's embeddings: smallest cosine ${smallestCosine} on ${compared.length} images, at least ${LEAST_COSINE} was expected; nothing was written`,
      );
    }
    return { folder, images: compared.length, smallestCosine };
  });
}

/** The same for a classifier: its output are probabilities, in the order of `labels.json` beside the model. */
export async function exportClassifier(
  model: FinishedModel,
  classifier: ExportedClassifier,
  folder: string,
  source: FeatureSource,
  samples: ArrayLike<number>,
): Promise<ClassifierCheck> {
  const compared = someOf(samples);
  const scores = logits((await ownFeatures(model, source, compared)).values, classifier.head);
  const { labels } = classifier;
  const reference = new Float64Array(scores.length);
  for (let at = 0; at < scores.length; at += labels.length)
    softmax(scores.subarray(at, at + labels.length), reference.subarray(at, at + labels.length));
  return createFolderAtomic(folder, async (temporary) => {
    await writeSavedModel(model, temporary, { classifier, result: 'classes' });
    await writeFile(join(temporary, 'labels.json'), jsonText(labels));
    const found = await outputsOf(temporary, model, source, compared, 'probabilities');
    const largestDifference = reference.reduce((largest, value, at) => {
      const difference = Math.abs(value - (found[at] as number));
      return difference <= largest ? largest : difference; // NaN is kept
    }, 0);
    if (!(largestDifference <= LARGEST_DIFFERENCE)) {
      throw new Error(
        `the exported classifier does not give the run's probabilities: they differ by ${largestDifference} on ${compared.length} images, at most ${LARGEST_DIFFERENCE} was expected; nothing was written`,
      );
    }
    return { folder, images: compared.length, largestDifference };
  });
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

/** What the model in a folder, loaded as others load it, gives for some samples. */
async function outputsOf(
  folder: string,
  { side }: FinishedModel,
  source: FeatureSource,
  samples: readonly number[],
  output: 'embedding' | 'probabilities',
): Promise<Float32Array> {
  const loaded = new LoadedSavedModel(folder, output);
  try {
    const bytes = side * side * 3;
    const pixels = new Uint8Array(samples.length * bytes);
    for (const [place, sample] of samples.entries())
      await source.read(sample, pixels.subarray(place * bytes, (place + 1) * bytes));
    return loaded.run(pixels, [side, side]);
  } finally {
    loaded.close();
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
