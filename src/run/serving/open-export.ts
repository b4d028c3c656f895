import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DecodedDataset } from '../../data/pixel-cache.js';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import type { ThresholdPoint } from '../../serve/api.js';
import { reload } from '../exports/reload.js';
import { openGalleryBy } from '../gallery.js';
import { pixelSource } from '../pixel-source.js';
import { intervalsOf, type OpenedModel, type Opening } from './opened.js';

/** What is read of an export's `card.json`; older ones have neither `model` nor `thresholds`. */
interface Card {
  readonly format: string;
  readonly quantization: string | null;
  readonly base: { readonly name: string };
  readonly input: { readonly side: number };
  readonly output: { readonly dimensions: number; readonly classes: readonly string[] | null };
  readonly scores: Readonly<Record<string, unknown>> | null;
  readonly files: Readonly<Record<string, string>>;
  readonly model?: string | null;
  readonly thresholds?: readonly ThresholdPoint[] | null;
}

/** The formats that compute by themselves. */
const SERVED = ['savedmodel', 'onnx', 'tfjs-graph', 'tfjs'] as const;
/** Images a call when a gallery is embedded. */
const TOGETHER = 32;

/** Opens an export for serving: what others would load is what answers. @throws UserError where it is of a format without computation */
export async function openExportServed(opening: Opening, place: string): Promise<OpenedModel> {
  const card = JSON.parse(await readFile(join(place, 'card.json'), 'utf8')) as Card;
  const format = SERVED.find((one) => one === card.format);
  if (format === undefined)
    throw new UserError({
      what: 'an export of this format holds weights and no computation',
      where: place,
      expected: SERVED.join(', '),
      found: card.format,
      mend: 'serve the run, or ft export --format savedmodel',
    });
  const { side } = card.input;
  const { dimensions, classes } = card.output;
  const embedding = await reload(format, place, 'embedding').catch((error: unknown) => {
    throw noEmbedding(error, place);
  });
  const classifier = classes === null ? null : await reload(format, place, 'probabilities');
  const compute = async (pixels: Uint8Array) => ({
    embeddings: Float32Array.from(await embedding.run(pixels, side)),
    probabilities: classifier === null ? null : Float32Array.from(await classifier.run(pixels, side)),
  });
  for (const count of [1, opening.largest]) await compute(new Uint8Array(count * side * side * 3));
  // Quantised weights are another model: their vectors are compared with their own alone.
  const hash = (card.quantization === null ? card.model : null) ?? hashOf(card.files);
  const embed = async (decoded: DecodedDataset, samples: Int32Array, progress: Progress) => {
    const { source, close } = pixelSource(decoded, dimensions, progress);
    const bar = progress.bar('embedding', samples.length, 'images');
    const values = new Float32Array(samples.length * dimensions);
    const bytes = side * side * 3;
    for (let from = 0; from < samples.length; from += TOGETHER) {
      const some = samples.subarray(from, from + TOGETHER);
      const pixels = new Uint8Array(some.length * bytes);
      for (const [at, sample] of some.entries()) await source.read(sample, pixels.subarray(at * bytes, (at + 1) * bytes));
      values.set((await compute(pixels)).embeddings, from * dimensions);
      bar.advance(some.length);
    }
    bar.done();
    close();
    return { values };
  };
  return {
    sizes: null,
    model: {
      name: opening.name ?? basename(place),
      hash,
      base: card.base.name,
      dimensions,
      side,
      classes,
      scores: intervalsOf(card.scores),
      thresholds: [...(card.thresholds ?? [])].sort((a, b) => b.asked - a.asked),
    },
    compute,
    gallery: (path, progress) => openGalleryBy({ hash, dimensions, side, named: place, embed }, path, progress),
  };
}

/** The classifier that a training exports beside its model gives classes alone. */
function noEmbedding(error: unknown, place: string): UserError {
  return new UserError({
    what: 'this export gives no embedding',
    where: place,
    found: (error as Error).message.split('\n', 1)[0] as string,
    mend: 'serve the run, or its export of another format',
  });
}

function hashOf(files: Card['files']): string {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
