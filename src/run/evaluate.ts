import { describeDataset } from '../data/describe.js';
import { scanFolder } from '../data/folder.js';
import { cachePixels } from '../data/pixel-cache.js';
import { splitDataset } from '../data/split.js';
import { type Interval, intervals } from '../evaluate/bootstrap.js';
import type { Metric } from '../evaluate/metrics.js';
import { retrieve, type Scores, summarise } from '../evaluate/retrieval.js';
import type { Progress } from '../progress.js';
import { embedSamples } from './embed-images.js';
import type { FinishedRun } from './finished.js';
import { openDataset, splitRule } from './images.js';

export interface Evaluation {
  readonly classes: number;
  readonly images: number;
  readonly dimensions: number;
  readonly scores: Scores;
  readonly intervals: Record<Metric, Interval>;
}

/** Retrieval by a finished run's model: on the run's held-out classes, or on every class of `folder`. */
export async function evaluateRun(
  { recipe, model, manifest }: FinishedRun,
  folder: string | undefined,
  progress: Progress,
): Promise<Evaluation> {
  const { data, seed } = recipe;
  const dataset = folder === undefined ? await openDataset(data, progress) : await scanFolder(folder, { progress });
  const decoded = await cachePixels(dataset, { side: data.side, strict: data.strict, progress });
  if (folder === undefined && decoded.dataset.fingerprint !== manifest.data.fingerprint)
    progress.line('the images are not the ones that the run was scored on: these scores are not those of its scores.json');
  for (const line of describeDataset(decoded.dataset)) progress.line(line);
  const samples =
    folder === undefined
      ? splitDataset(decoded.dataset, splitRule(recipe)).heldOut.samples
      : Int32Array.from(decoded.dataset.samples.keys());
  const embedded = await embedSamples(model, decoded, samples, progress);
  const perQuery = retrieve(embedded.values, embedded.dimensions, embedded.labels);
  return {
    classes: new Set(embedded.labels).size,
    images: samples.length,
    dimensions: embedded.dimensions,
    scores: summarise(perQuery),
    intervals: intervals(perQuery, { seed }),
  };
}
