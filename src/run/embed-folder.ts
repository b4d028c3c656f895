import type { Dataset, Skipped } from '../data/dataset.js';
import { cachePixels } from '../data/pixel-cache.js';
import { printable } from '../data/printable.js';
import { UserError } from '../errors.js';
import type { FinishedModel } from '../export/model.js';
import type { Progress } from '../progress.js';
import type { Precision } from '../runtime/program.js';
import { type VectorFormat, writeVectors } from '../vectors/formats.js';
import type { Vectors } from '../vectors/vectors.js';
import { embedSamples } from './embed-images.js';
import { type Embedder, openEmbedder } from './embedder.js';
import { type FinishedRun, modelHash } from './finished.js';
import { openAnyImages } from './images.js';

/** Images whose decoding has begun: as many as other threads get done while a batch is computed in this one. */
export const IN_FLIGHT = 32;

export interface EmbeddedFolder {
  readonly images: number;
  readonly dimensions: number;
  readonly skipped: readonly Skipped[];
  readonly files: readonly string[];
}

export interface FolderOptions {
  readonly folder: string;
  /** Where the vectors go. */
  readonly out: string;
  readonly format: VectorFormat;
  /** Stop at images that cannot be read instead of leaving them out. */
  readonly strict: boolean;
  /** In what convolutions compute. */
  readonly precision: Precision;
  readonly progress: Progress;
}

/** Embeds every image below a folder and writes the vectors; a matrix has its names in a file beside it. */
export async function embedFolder(run: FinishedRun, options: FolderOptions): Promise<EmbeddedFolder> {
  const { folder, out, format, progress } = options;
  const images = await openAnyImages(folder, progress);
  const { decoded, values, dimensions } = await decodeAndEmbed(run.model, images, options);
  for (const { file, reason } of decoded.dataset.skipped) progress.line(`left out: ${printable(file)}: ${reason}`);
  const { samples, classes, skipped } = decoded.dataset;
  const vectors: Vectors = {
    files: samples.map(({ file }) => file),
    classes: samples.map((sample) => classes[sample.class] || null),
    dimensions,
    values,
    model: await modelHash(run),
  };
  const files = await writeVectors(out, vectors, format);
  return { images: samples.length, dimensions, skipped, files };
}

/** Images are embedded while others are decoded; where their pixels lie in the cache already, from there. */
async function decodeAndEmbed(model: FinishedModel, images: Dataset, { strict, precision, progress }: FolderOptions) {
  // Opened by the first image that is decoded.
  let embedder: Embedder | undefined;
  try {
    const decoded = await cachePixels(images, {
      side: model.side,
      progress,
      classes: false,
      parallel: IN_FLIGHT,
      onDecoded(pixels) {
        embedder ??= openEmbedder(model, images.samples.length, { precision });
        embedder.add(pixels);
      },
    });
    if (strict) refuseSkipped(decoded.dataset.skipped);
    if (embedder !== undefined) return { decoded, values: embedder.finish(), dimensions: embedder.dimensions };
    const all = Int32Array.from(decoded.dataset.samples.keys());
    return { decoded, ...(await embedSamples(model, decoded, all, progress, precision)) };
  } finally {
    embedder?.close();
  }
}

function refuseSkipped(skipped: readonly Skipped[]): void {
  const [first, ...rest] = skipped.map(({ file, reason }) => ({ what: `cannot be used: ${reason}`, where: file }));
  if (first === undefined) return;
  throw new UserError(first, ...rest, {
    what: `${skipped.length === 1 ? '1 image' : `${skipped.length} images`} cannot be used, and --strict stops at them; nothing was written`,
    mend: 'mend or remove them, or leave --strict away to go on without them',
  });
}
