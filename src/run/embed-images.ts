import type { DecodedDataset } from '../data/pixel-cache.js';
import type { FinishedModel } from '../export/model.js';
import type { Progress } from '../progress.js';
import type { Precision } from '../runtime/program.js';
import { openEmbedder } from './embedder.js';
import { pixelSource } from './pixel-source.js';

/** Unit-length embeddings of samples of a decoded data set, row-major, with their classes. */
export interface Embedded {
  readonly values: Float32Array;
  readonly dimensions: number;
  readonly labels: Int32Array;
}

/** Images after which others get their turn. */
const TURN = 64;

/** Embeds samples by a finished model, in their order. */
export async function embedSamples(
  model: FinishedModel,
  decoded: DecodedDataset,
  samples: ArrayLike<number>,
  progress: Progress,
  precision: Precision = 'fp32',
): Promise<Embedded> {
  const { source, close } = pixelSource(decoded, model.network.features, progress);
  const embedder = openEmbedder(model, samples.length, { precision });
  const bar = progress.bar('embedding', samples.length, 'images');
  const labels = new Int32Array(samples.length);
  const pixels = new Uint8Array(source.side ** 2 * 3);
  try {
    for (let at = 0; at < samples.length; at++) {
      const sample = samples[at] as number;
      await source.read(sample, pixels);
      embedder.add(pixels);
      labels[at] = source.labelOf(sample);
      bar.advance(1);
      // A batch blocks the thread: the terminal and signals get their turn here.
      if ((at + 1) % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { values: embedder.finish(), dimensions: embedder.dimensions, labels };
  } finally {
    bar.done();
    embedder.close();
    close();
  }
}
