import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { type Progress, silent } from '../progress.js';
import { cacheFolder } from '../runtime/folders.js';
import { crc32 } from './checksum.js';
import { type Dataset, type Sample, type Skipped, withoutUnreadable } from './dataset.js';
import { decodeImage, reasonOf } from './decode.js';
import { checkClasses } from './folder.js';
import { imageLibraryVersion } from './image-library.js';
import { mapInOrder } from './parallel.js';
import { BrokenPixelFile, encodeHeader, openPixels, pixelsAt } from './pixels.js';
import { printable } from './printable.js';

/** A data set whose every image has been decoded, and where its pixels lie. */
export interface DecodedDataset {
  /** The images that decode; sample i is image i of the store. */
  readonly dataset: Dataset;
  readonly storePath: string;
  /** Whether the images were decoded now, or an earlier call's pixels were found. */
  readonly decodedNow: boolean;
}

export interface CacheOptions {
  /** Height and width that the images are brought to. */
  readonly side: number;
  /** Where the files of pixels lie; the person's cache by default. */
  readonly folder?: string;
  /** Stop at unreadable images instead of skipping them. */
  readonly strict?: boolean;
  readonly progress?: Progress;
  /** false: the images need no classes (they are embedded, not trained on). */
  readonly classes?: boolean;
  /** Images decoded side by side. */
  readonly parallel?: number;
  /** Is handed each image's pixels as they come, in the order of the samples; not where an earlier call's are found. */
  readonly onDecoded?: (pixels: Uint8Array) => void;
  /** Ends the work early; nothing is left behind. */
  readonly signal?: AbortSignal;
}

/** What is written beside the pixels. */
interface Description {
  readonly fingerprint: string;
  readonly unreadable: readonly Skipped[];
}

/**
 * Decodes every image of a data set once, into one checksummed file in the cache (a temporary name, then renamed), or finds
 * the file that an earlier call left. Images that do not decode are taken out of the data set and listed as skipped.
 * @throws UserError with one fault for each skipped image when `strict`; when fewer than two classes are left
 */
export async function cachePixels(dataset: Dataset, options: CacheOptions): Promise<DecodedDataset> {
  const { side, folder = cacheFolder('pixels'), strict = false, progress = silent } = options;
  const key = createHash('sha256').update(`${dataset.fingerprint}\n${side}\n${imageLibraryVersion}`).digest('hex').slice(0, 20);
  const storePath = join(folder, `${key}-${side}.pixels`);
  const known = readDescription(storePath, dataset, progress);
  const unreadable = known ?? (await decodeAll(dataset, storePath, { ...options, progress }));
  const readable = withoutUnreadable(dataset, unreadable);
  if (strict) refuseSkipped(readable);
  if (options.classes !== false) checkClasses(readable);
  return { dataset: readable, storePath, decodedNow: known === undefined };
}

/**
 * Decodes one image again and puts its pixels back into the store.
 * @throws UserError when the image is no longer the one that was decoded
 */
export async function repairPixels(decoded: DecodedDataset, image: number): Promise<void> {
  const sample = decoded.dataset.samples[image] as Sample;
  const store = openPixels(decoded.storePath);
  const { side } = store;
  const expected = store.checksum(image);
  store.close();
  const pixels = await decodeImage(sample.path, side).catch(() => undefined);
  if (pixels === undefined || crc32(pixels) !== expected) {
    throw new UserError({
      what: `the cached pixels of ${printable(sample.file)} are damaged, and the image itself has changed since they were made`,
      where: decoded.storePath,
      mend: 'start the run again: the set is read and decoded anew',
    });
  }
  const file = await open(decoded.storePath, 'r+');
  try {
    await file.write(pixels, 0, pixels.length, pixelsAt + image * pixels.length);
  } finally {
    await file.close();
  }
}

function readDescription(storePath: string, dataset: Dataset, progress: Progress): readonly Skipped[] | undefined {
  if (!existsSync(storePath)) return undefined;
  try {
    const store = openPixels(storePath);
    store.close();
    const description = store.description as Description;
    if (description.fingerprint === dataset.fingerprint) return description.unreadable;
  } catch (error) {
    if (!(error instanceof BrokenPixelFile)) throw error;
    progress.line(`${error.message}: the images are decoded again`);
  }
  return undefined;
}

/** Writes the store and gives back the images that do not decode. */
async function decodeAll(
  dataset: Dataset,
  storePath: string,
  options: CacheOptions & { progress: Progress },
): Promise<Skipped[]> {
  const { side, progress, signal, onDecoded, parallel = Math.max(4, availableParallelism()) } = options;
  await mkdir(dirname(storePath), { recursive: true });
  await sweep(dirname(storePath));
  const temporary = `${storePath}.part-${process.pid}-${Date.now().toString(36)}`;
  const bar = progress.bar(`decoding ${printable(dataset.name)}`, dataset.samples.length, 'images');
  const file = await open(temporary, 'wx');
  try {
    const unreadable: Skipped[] = [];
    const checksums: number[] = [];
    let end = pixelsAt;
    const decoded = mapInOrder(dataset.samples, parallel, async (sample) => {
      signal?.throwIfAborted();
      return decodeImage(sample.path, side).catch((error: unknown) => ({ file: sample.file, reason: reasonOf(error) }));
    });
    for await (const result of decoded) {
      if (result instanceof Uint8Array) {
        checksums.push(crc32(result));
        await file.write(result, 0, result.length, end);
        end += result.length;
        onDecoded?.(result);
      } else unreadable.push(result);
      bar.advance(1);
    }
    const description: Description = { fingerprint: dataset.fingerprint, unreadable };
    const text = Buffer.from(JSON.stringify(description));
    const tail = Buffer.concat([new Uint8Array(Uint32Array.from(checksums).buffer), text]);
    await file.write(tail, 0, tail.length, end);
    await file.write(encodeHeader(side, checksums.length, text.length, crc32(tail)), 0, undefined, 0);
    await file.sync();
    await file.close();
    await rename(temporary, storePath);
    return unreadable;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  } finally {
    bar.done();
  }
}

/** Takes away what a kill in the middle left: parts that nobody has written to for a day. */
async function sweep(folder: string): Promise<void> {
  const dayAgo = Date.now() - 24 * 3600 * 1000;
  for (const name of await readdir(folder)) {
    if (!basename(name).includes('.pixels.part-')) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < dayAgo) await rm(path, { force: true });
  }
}

function refuseSkipped(dataset: Dataset): void {
  const [first, ...rest] = dataset.skipped.map(({ file, reason }) => ({
    what: `cannot be used: ${printable(reason)}`,
    where: printable(file),
  }));
  if (first === undefined) return;
  throw new UserError(first, ...rest, {
    what: `${dataset.skipped.length} images cannot be used, and data.strict stops at them`,
    mend: 'mend or remove them, or set data.strict to false to go on without them',
  });
}
