import { stat } from 'node:fs/promises';
import { decodeImage, reasonOf } from '../data/decode.js';
import { type Fault, UserError } from '../errors.js';
import type { FinishedModel } from '../export/model.js';
import { openEmbedder } from './embedder.js';

/**
 * Embeddings of single images, of unit length, in their order. Nothing is cached.
 * @throws UserError with a fault for each file that is no image
 */
export async function embedFiles(
  model: FinishedModel,
  paths: readonly string[],
): Promise<{ values: Float32Array; dimensions: number }> {
  const pixels: Uint8Array[] = [];
  const faults: Fault[] = [];
  for (const path of paths) {
    const there = await stat(path).catch(() => undefined);
    if (!there?.isFile()) {
      faults.push({
        what: there === undefined ? 'the image does not exist' : 'this is no file',
        where: path,
        expected: 'an image',
      });
      continue;
    }
    await decodeImage(path, model.side).then(
      (bytes) => pixels.push(bytes),
      (error: unknown) =>
        faults.push({ what: `cannot be used: ${reasonOf(error)}`, where: path, mend: 'convert it to JPEG or PNG' }),
    );
  }
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
  const embedder = openEmbedder(model, pixels.length);
  try {
    for (const image of pixels) embedder.add(image);
    return { values: embedder.finish(), dimensions: embedder.dimensions };
  } finally {
    embedder.close();
  }
}
