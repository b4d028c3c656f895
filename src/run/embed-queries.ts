import { stat } from 'node:fs/promises';
import { decodeImage, reasonOf } from '../data/decode.js';
import { type Fault, UserError } from '../errors.js';
import type { FinishedModel } from '../export/savedmodel.js';
import { embed } from '../heads/apply.js';
import { unitRows } from '../heads/unit.js';
import { silent } from '../progress.js';
import { computeFeatures } from '../train/features.js';
import { createFeatureProgram } from '../train/trainer.js';

/**
 * Embeddings of single images, of unit length, in their order. Nothing is cached.
 * @throws UserError with a fault for each file that is no image
 */
export async function embedFiles(
  model: FinishedModel,
  paths: readonly string[],
): Promise<{ values: Float32Array; dimensions: number }> {
  const { network, weights, head, side } = model;
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
    await decodeImage(path, side).then(
      (bytes) => pixels.push(bytes),
      (error: unknown) =>
        faults.push({ what: `cannot be used: ${reasonOf(error)}`, where: path, mend: 'convert it to JPEG or PNG' }),
    );
  }
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
  const batch = Math.min(64, paths.length);
  const program = createFeatureProgram('traced', network, weights, batch, side);
  try {
    const source = {
      read: (image: number, target: Uint8Array) => target.set(pixels[image] as Uint8Array),
      labelOf: () => 0,
      side,
      batch,
      dimensions: network.features,
    };
    const features = await computeFeatures(
      program,
      source,
      paths.map((_, image) => image),
      silent.bar('', 0, ''),
    );
    if (head === null) return { values: unitRows(features.values, features.dimensions), dimensions: features.dimensions };
    return { values: embed(features.values, head), dimensions: head.outputs };
  } finally {
    program.close();
  }
}
