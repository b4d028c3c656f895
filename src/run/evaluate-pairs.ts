import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { type FoldedAccuracy, foldedAccuracy } from '../evaluate/folds.js';
import { pairScores } from '../evaluate/pairs.js';
import { parsePairs, resolvePairs } from '../evaluate/pairs-file.js';
import type { Progress } from '../progress.js';
import { embedSamples } from './embed-images.js';
import { openEvaluated, type Verified, verified } from './evaluate.js';
import type { FinishedRun } from './finished.js';

export interface PairsEvaluation {
  readonly pairs: { readonly same: number; readonly different: number };
  /** Images that the pairs are made of. */
  readonly images: number;
  readonly dimensions: number;
  readonly folds: FoldedAccuracy;
  readonly verification: Verified;
}

/**
 * Whether a finished run's model tells the pairs of a list apart: LFW's protocol over its folds, and the curve over all pairs.
 *
 * @param file the list, as `parsePairs` reads it
 * @param folder the images; the run's own where undefined
 * @throws UserError where the list cannot be read or names other images
 */
export async function evaluatePairs(
  run: FinishedRun,
  file: string,
  folder: string | undefined,
  progress: Progress,
): Promise<PairsEvaluation> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError({ what: `the list of pairs cannot be read (${error.code ?? error.message})`, where: file });
  });
  const named = parsePairs(text, file);
  const decoded = await openEvaluated(run, folder, progress);
  const { first, second, same, fold } = resolvePairs(
    named,
    decoded.dataset.samples.map((sample) => sample.file),
    file,
  );
  const used = Int32Array.from(new Set([...first, ...second])).sort();
  const placeOf = new Map(Array.from(used, (sample, place) => [sample, place]));
  const place = (sample: number) => placeOf.get(sample) as number;
  const { values, dimensions } = await embedSamples(run.model, decoded, used, progress);
  const scores = pairScores(values, dimensions, { first: first.map(place), second: second.map(place) });
  const found = verified(scores, same, { seed: run.recipe.seed }, false);
  return {
    pairs: found.pairs,
    images: used.length,
    dimensions,
    folds: foldedAccuracy(scores, same, fold),
    verification: found,
  };
}
