import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Progress, silent } from '../progress.js';
import { writeFileAtomic } from '../runtime/folders.js';
import type { Dataset } from './dataset.js';
import { sharp } from './image-library.js';
import { mapInOrder } from './parallel.js';

const AT_ONCE = 8;
const HASH_BYTES = 32;

/**
 * Width : height of every image as a person sees it (turned upright), which the cached squares no longer show: read from the
 * files' headers once, then kept beside the pixels with a SHA-256. An image whose header does not tell counts as square.
 * @throws what `signal` says, where it ends the reading; nothing is kept then
 */
export async function aspectsOf(
  dataset: Dataset,
  storePath: string,
  { progress = silent, signal }: { progress?: Progress; signal?: AbortSignal } = {},
): Promise<Float32Array> {
  const path = `${storePath}.aspects`;
  const count = dataset.samples.length;
  const known = await readAspects(path, count);
  if (known !== undefined) return known;
  const aspects = new Float32Array(count);
  const bar = progress.bar('shapes of the images', count, 'images');
  let at = 0;
  try {
    for await (const aspect of mapInOrder(dataset.samples, AT_ONCE, (sample) => aspectOf(sample.path))) {
      signal?.throwIfAborted();
      aspects[at++] = aspect;
      bar.advance(1);
    }
  } finally {
    bar.done();
  }
  const bytes = new Uint8Array(aspects.buffer);
  await writeFileAtomic(path, Buffer.concat([createHash('sha256').update(bytes).digest(), bytes]));
  return aspects;
}

async function aspectOf(path: string): Promise<number> {
  const { autoOrient } = await sharp(path)
    .metadata()
    .catch(() => ({ autoOrient: { width: 1, height: 1 } }));
  const { width, height } = autoOrient;
  return width > 0 && height > 0 ? width / height : 1;
}

async function readAspects(path: string, count: number): Promise<Float32Array | undefined> {
  const file = await readFile(path).catch(() => undefined);
  if (file === undefined || file.length !== HASH_BYTES + 4 * count) return undefined;
  const bytes = Uint8Array.from(file.subarray(HASH_BYTES)); // aligned to four bytes
  if (!createHash('sha256').update(bytes).digest().equals(file.subarray(0, HASH_BYTES))) return undefined;
  return new Float32Array(bytes.buffer);
}
