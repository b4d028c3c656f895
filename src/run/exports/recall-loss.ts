import { UserError } from '../../errors.js';
import { retrieve, summarise } from '../../evaluate/retrieval.js';
import type { FinishedModel } from '../../export/model.js';
import type { FeatureSource } from '../../train/features.js';
import { embeddings } from '../../train/scoring.js';
import { outputsOf, ownFeatures } from './outputs.js';
import type { Computing } from './reload.js';

/** Recall@1 of a run's own embeddings and of an export's, on the same images, each in turn the query. */
export interface RecallLoss {
  readonly images: number;
  readonly own: number;
  readonly exported: number;
}

/** Measures it; null where no class has two images, so that nothing can be asked. */
export async function recallLoss(
  format: Computing,
  model: FinishedModel,
  folder: string,
  source: FeatureSource,
  samples: readonly number[],
): Promise<RecallLoss | null> {
  const features = await ownFeatures(model, source, samples);
  const { labels } = features;
  if (new Set(labels).size === labels.length) return null;
  const { values, dimensions } = embeddings(features, model.head);
  const exported = await outputsOf(format, folder, 'embedding', source, samples);
  const recall = (rows: Float32Array) => summarise(retrieve(rows, dimensions, labels)).recall_at_1;
  return { images: samples.length, own: recall(values), exported: recall(exported) };
}

/** @throws UserError where more is lost than may be, or where it cannot be told */
export function refuseLoss(loss: RecallLoss | null, most: number, quantization: string): void {
  if (loss !== null && loss.own - loss.exported <= most) return;
  throw new UserError({
    where: '--max-loss',
    what:
      loss === null
        ? 'what quantising loses cannot be measured: no class of the held-out images has two'
        : `as ${quantization} the model loses ${(loss.own - loss.exported).toFixed(4)} of Recall@1`,
    expected: `at most ${most}`,
    ...(loss === null
      ? {}
      : { found: `${loss.own.toFixed(4)} → ${loss.exported.toFixed(4)} on ${loss.images} held-out images; nothing was written` }),
    mend: MENDS[quantization] ?? 'a larger --max-loss',
  });
}

const MENDS: Readonly<Record<string, string>> = {
  uint8: '--quantize float16, or a larger --max-loss',
  int8: 'more --calibration images, or a larger --max-loss',
};
