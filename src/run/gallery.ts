import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cachePixels, type DecodedDataset } from '../data/pixel-cache.js';
import { printable } from '../data/printable.js';
import { UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import { cacheFolder } from '../runtime/folders.js';
import { holdsVectors, readVectors, writeVectors } from '../vectors/formats.js';
import type { Vectors } from '../vectors/vectors.js';
import { embedSamples } from './embed-images.js';
import { type FinishedRun, modelHash } from './finished.js';
import { openAnyImages } from './images.js';

/** What is searched: the embeddings of a gallery of images. */
export interface Gallery extends Vectors {
  /** Where each image lies; null where only its vector is known. */
  readonly paths: readonly string[] | null;
}

/** What embeds a gallery: the model of a run, or one that was exported. */
export interface GalleryModel {
  /** SHA-256. */
  readonly hash: string;
  readonly dimensions: number;
  readonly side: number;
  /** How a person names it to ft. */
  readonly named: string;
  /** Unit-length embeddings of samples, row-major, in their order. */
  readonly embed: (decoded: DecodedDataset, samples: Int32Array, progress: Progress) => Promise<{ values: Float32Array }>;
}

/** The model that a run chose. */
export async function galleryModelOf(run: FinishedRun): Promise<GalleryModel> {
  const { head, network, side } = run.model;
  return {
    hash: await modelHash(run),
    dimensions: head?.outputs ?? network.features,
    side,
    named: run.folder.path,
    embed: (decoded, samples, progress) => embedSamples(run.model, decoded, samples, progress),
  };
}

/**
 * The images that are searched: a file of vectors, or a folder or table of images, which are embedded once; their vectors stay in
 * the cache until the images or the model change.
 * @throws UserError where the vectors are those of another model, or there is no image
 */
export async function openGallery(run: FinishedRun, path: string, progress: Progress): Promise<Gallery> {
  return openGalleryBy(await galleryModelOf(run), path, progress);
}

/** The same by any model. */
export async function openGalleryBy(by: GalleryModel, path: string, progress: Progress): Promise<Gallery> {
  const { hash: model, dimensions } = by;
  if (await holdsVectors(path)) {
    const vectors = await readVectors(path);
    refuseOthers(vectors, by, path);
    return { ...vectors, paths: null };
  }
  const dataset = await openAnyImages(path, progress);
  const decoded = await cachePixels(dataset, { side: by.side, progress, classes: false });
  const { samples, classes, skipped, fingerprint } = decoded.dataset;
  for (const { file, reason } of skipped) progress.line(`left out: ${printable(file)}: ${reason}`);
  if (samples.length === 0) {
    throw new UserError({
      what: 'there is no image to search in',
      where: path,
      expected: 'a folder of images, or a file of vectors',
    });
  }
  const key = createHash('sha256').update(`${model}\n${fingerprint}`).digest('hex').slice(0, 20);
  const cached = join(cacheFolder('vectors'), `${key}.npy`);
  const paths = samples.map((sample) => sample.path);
  if (existsSync(cached)) {
    const vectors = await readVectors(cached).catch(() => null);
    if (vectors !== null && vectors.files.length === samples.length) {
      progress.line(`${samples.length} images, embedded earlier (${cached})`);
      return { ...vectors, model, paths };
    }
    progress.line(`${cached} is damaged: the images are embedded again`);
  }
  const { values } = await by.embed(decoded, Int32Array.from(samples.keys()), progress);
  const vectors: Vectors = {
    files: samples.map(({ file }) => file),
    classes: samples.map((sample) => classes[sample.class] || null),
    dimensions,
    values,
    model,
  };
  await writeVectors(cached, vectors, 'npy');
  return { ...vectors, paths };
}

function refuseOthers(vectors: Vectors, { hash: model, dimensions, named }: GalleryModel, path: string): void {
  if (vectors.dimensions === dimensions && (vectors.model === null || vectors.model === model)) return;
  throw new UserError({
    what: "the vectors are not of this run's model",
    where: path,
    expected: vectors.dimensions === dimensions ? `model ${model.slice(0, 12)}…` : `${dimensions} numbers a vector`,
    found: vectors.dimensions === dimensions ? `model ${vectors.model?.slice(0, 12)}…` : `${vectors.dimensions}`,
    mend: `ft embed ${named} FOLDER --out ${path}, or --run RUN with the run that made them`,
  });
}
