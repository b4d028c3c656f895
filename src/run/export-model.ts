import { type FinishedModel, LoadedSavedModel, writeSavedModel } from '../export/savedmodel.js';
import { createFolderAtomic } from '../runtime/folders.js';
import { computeFeatures, type FeatureSource } from '../train/features.js';
import { embeddings } from '../train/scoring.js';
import { createFeatureProgram } from '../train/trainer.js';

/** The least cosine between a run's own embedding and the export's, and how many images are compared. */
const LEAST_COSINE = 0.9999;
const COMPARED = 64;

export interface ExportCheck {
  readonly folder: string;
  readonly images: number;
  readonly smallestCosine: number;
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
): Promise<ExportCheck> {
  const compared = Array.from(
    { length: Math.min(COMPARED, samples.length) },
    (_, index) => samples[Math.floor((index * samples.length) / Math.min(COMPARED, samples.length))] as number,
  );
  const program = createFeatureProgram('traced', model.network, model.weights, source.batch, model.side);
  const own = await computeFeatures(program, source, compared).finally(() => program.close());
  const reference = unitRows(embeddings(own, model.head));
  return createFolderAtomic(folder, async (temporary) => {
    await writeSavedModel(model, temporary);
    const loaded = new LoadedSavedModel(temporary, model.side);
    try {
      const bytes = model.side * model.side * 3;
      const pixels = new Uint8Array(compared.length * bytes);
      for (const [place, sample] of compared.entries())
        await source.read(sample, pixels.subarray(place * bytes, (place + 1) * bytes));
      const smallestCosine = smallestDot(reference.values, loaded.embed(pixels, compared.length), reference.dimensions);
      if (!(smallestCosine >= LEAST_COSINE)) {
        throw new Error(
          `the exported model does not give the run's embeddings: smallest cosine ${smallestCosine} on ${compared.length} images, at least ${LEAST_COSINE} was expected; nothing was written`,
        );
      }
      return { folder, images: compared.length, smallestCosine };
    } finally {
      loaded.close();
    }
  });
}

function unitRows({ values, dimensions }: { values: Float32Array; dimensions: number }): {
  values: Float32Array;
  dimensions: number;
} {
  const unit = Float32Array.from(values);
  for (let start = 0; start < unit.length; start += dimensions) {
    const row = unit.subarray(start, start + dimensions);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    row.forEach((value, i) => {
      row[i] = value / length;
    });
  }
  return { values: unit, dimensions };
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
