/** What a run's own model and an export of it make of a run's images. */
import type { FinishedModel } from '../../export/model.js';
import { computeFeatures, type FeatureSource, type Features } from '../../train/features.js';
import { openForward } from '../../train/forward.js';
import { type Computing, type Output, reload } from './reload.js';

/** Images that are given to an export at a time. */
const BATCH = 64;

export async function ownFeatures(model: FinishedModel, source: FeatureSource, samples: readonly number[]): Promise<Features> {
  const forward = openForward({ ...model, most: samples.length });
  return computeFeatures(forward, source, samples).finally(() => forward.close());
}

/** The rows of an output for some images, by an export that is loaded for it. */
export async function outputsOf(
  format: Computing,
  folder: string,
  output: Output,
  source: FeatureSource,
  samples: readonly number[],
): Promise<Float32Array> {
  const loaded = await reload(format, folder, output);
  const parts: Float32Array[] = [];
  try {
    for (let start = 0; start < samples.length; start += BATCH)
      parts.push(await loaded.run(await pixelsOf(source, samples.slice(start, start + BATCH)), source.side));
  } finally {
    await loaded.close();
  }
  const rows = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    rows.set(part, at);
    return at + part.length;
  }, 0);
  return rows;
}

/** The RGB bytes of images, one after the other. */
export async function pixelsOf({ side, read }: FeatureSource, samples: readonly number[]): Promise<Uint8Array> {
  const bytes = side * side * 3;
  const pixels = new Uint8Array(samples.length * bytes);
  for (const [place, sample] of samples.entries()) await read(sample, pixels.subarray(place * bytes, (place + 1) * bytes));
  return pixels;
}
