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
  try {
    const features = await computeFeatures(program, source, samples, bar);
    const { values, dimensions, labels } = features;
    if (model.head === null) return { values: unitRows(values, dimensions), dimensions, labels };
    return { values: embed(values, model.head), dimensions: model.head.outputs, labels };
  } finally {
    bar.done();
    program.close();
    close();
  }
}
