import type { DecodedDataset } from '../data/pixel-cache.js';
import type { FinishedModel } from '../export/savedmodel.js';
import { embed } from '../heads/apply.js';
import { unitRows } from '../heads/unit.js';
import type { Progress } from '../progress.js';
import { computeFeatures } from '../train/features.js';
import { createFeatureProgram } from '../train/trainer.js';
import { pixelSource } from './pixel-source.js';

/** Unit-length embeddings of samples of a decoded data set, row-major, with their classes. */
export interface Embedded {
  readonly values: Float32Array;
  readonly dimensions: number;
  readonly labels: Int32Array;
}

/** A multiple of the batch that features are computed in. */
const BLOCK = 8192;

/** Embeds samples by a finished model, in their order. */
export async function embedSamples(
  model: FinishedModel,
  decoded: DecodedDataset,
  samples: ArrayLike<number>,
  progress: Progress,
): Promise<Embedded> {
  const { source, close } = pixelSource(decoded, model.network.features, progress);
  const program = createFeatureProgram('traced', model.network, model.weights, source.batch, model.side);
  const bar = progress.bar('embedding', samples.length, 'images');
  const dimensions = model.head?.outputs ?? source.dimensions;
  const values = new Float32Array(samples.length * dimensions);
  const labels = new Int32Array(samples.length);
  try {
    // Block by block: features are much longer than embeddings, and nobody needs those of all images at once.
    for (let first = 0; first < samples.length; first += BLOCK) {
      const block = Int32Array.from(
        { length: Math.min(BLOCK, samples.length - first) },
        (_, at) => samples[first + at] as number,
      );
      const features = await computeFeatures(program, source, block, bar);
      const embedded = model.head === null ? unitRows(features.values, dimensions) : embed(features.values, model.head);
      values.set(embedded, first * dimensions);
      labels.set(features.labels, first);
    }
    return { values, dimensions, labels };
  } finally {
    bar.done();
    program.close();
    close();
  }
}
