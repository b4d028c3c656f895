import { nearest, type Verdict } from '../search/nearest.js';
import { type Threshold, thresholdOf } from './calibrated.js';
import { embedFiles } from './embed-queries.js';
import type { FinishedRun } from './finished.js';
import { verdict } from './search.js';

export interface PairVerdict {
  /** Cosine of the two embeddings. */
  readonly similarity: number;
  readonly verdict: Verdict;
  readonly same: boolean;
  readonly threshold: Threshold;
}

/** Whether two images show the same, by a finished run's model and a threshold for a stated false-accept rate. */
export async function verifyPair(run: FinishedRun, a: string, b: string, far: number): Promise<PairVerdict> {
  const { values, dimensions } = await embedFiles(run.model, [a, b]);
  const threshold = await thresholdOf(run, far);
  const similarity = nearest(values.subarray(dimensions), dimensions, values.subarray(0, dimensions), 1)[0]?.similarity as number;
  return { similarity, verdict: verdict(similarity, threshold), same: similarity >= threshold.threshold, threshold };
}
