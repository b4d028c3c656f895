import type { DecodedDataset } from '../data/pixel-cache.js';
import type { FinishedModel } from '../export/savedmodel.js';
import { embed } from '../heads/apply.js';
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
    const head = model.head ?? identityHead(features.dimensions);
    return { values: embed(features.values, head), dimensions: head.outputs, labels: features.labels };
  } finally {
    bar.done();
    program.close();
    close();
  }
}

/** Leaves the pooled features as they are; `embed` then makes them unit length. */
function identityHead(size: number) {
  const kernel = new Float32Array(size * size);
  for (let i = 0; i < size; i++) kernel[i * size + i] = 1;
  return { kernel, bias: new Float32Array(size), inputs: size, outputs: size };
}
