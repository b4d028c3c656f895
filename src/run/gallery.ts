import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cachePixels } from '../data/pixel-cache.js';
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

/**
 * The images that are searched: a file of vectors, or a folder or table of images, which are embedded once; their vectors stay in
 * the cache until the images or the model change.
 * @throws UserError where the vectors are those of another model, or there is no image
 */
export async function openGallery(run: FinishedRun, path: string, progress: Progress): Promise<Gallery> {
  const model = await modelHash(run);
  if (await holdsVectors(path)) {
    const vectors = await readVectors(path);
    refuseOthers(vectors, model, run, path);
    return { ...vectors, paths: null };
  }
  const dataset = await openAnyImages(path, progress);
  const decoded = await cachePixels(dataset, { side: run.model.side, progress, classes: false });
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
  const { values, dimensions } = await embedSamples(run.model, decoded, Int32Array.from(samples.keys()), progress);
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

function refuseOthers(vectors: Vectors, model: string, { model: { head, network }, folder }: FinishedRun, path: string): void {
  const dimensions = head?.outputs ?? network.features;
  if (vectors.dimensions === dimensions && (vectors.model === null || vectors.model === model)) return;
  throw new UserError({
    what: "the vectors are not of this run's model",
    where: path,
    expected: vectors.dimensions === dimensions ? `model ${model.slice(0, 12)}…` : `${dimensions} numbers a vector`,
    found: vectors.dimensions === dimensions ? `model ${vectors.model?.slice(0, 12)}…` : `${vectors.dimensions}`,
    mend: `ft embed ${folder.path} FOLDER --out ${path}, or --run RUN with the run that made them`,
  });
}
