import { embed } from './apply.js';
import { whiteningOf } from './learned-whitening.js';
import { classStatistics } from './scatter.js';

/** Features of some images, row-major [labels.length, dimensions], and their classes. */
export interface LabelledFeatures {
  readonly features: Float32Array;
  readonly labels: Int32Array;
}

export interface ShrinkageChoice {
  readonly shrinkage: number;
  /** Every candidate with its validation score, in the given order; empty where nothing was compared. */
  readonly scores: readonly { readonly shrinkage: number; readonly score: number }[];
  /** One sentence that says how it was chosen. */
  readonly reason: string;
}

/**
 * Chooses the shrinkage of learned whitening: each candidate is fitted on `train` and scored on `validation` (images of
 * training classes that the fit has not seen, never held-out ones). The highest score wins, of equal ones the first.
 * With one candidate, or no two validation images of one class, the first candidate is taken as it is.
 *
 * @param score the figure to maximise (MAP@R) of unit embeddings, row-major [labels.length, outputs]
 */
export function chooseShrinkage(
  candidates: readonly [number, ...number[]],
  train: LabelledFeatures,
  validation: LabelledFeatures | undefined,
  dimensions: number,
  outputs: number,
  score: (embeddings: Float32Array, outputs: number, labels: Int32Array) => number,
): ShrinkageChoice {
  const [first] = candidates;
  if (candidates.length === 1) return { shrinkage: first, scores: [], reason: `shrinkage ${first}, the only candidate` };
  if (validation === undefined || new Set(validation.labels).size === validation.labels.length) {
    const reason = `shrinkage ${first}, the first candidate: no validation class has two images to choose by`;
    return { shrinkage: first, scores: [], reason };
  }
  const statistics = classStatistics(train.features, dimensions, train.labels);
  const scores = candidates.map((shrinkage) => {
    const head = whiteningOf(statistics, { shrinkage, outputs });
    return { shrinkage, score: score(embed(validation.features, head), outputs, validation.labels) };
  });
  const best = scores.reduce((best, candidate) => (candidate.score > best.score ? candidate : best));
  const reason = `shrinkage ${best.shrinkage}, the best of ${candidates.length} on the validation images`;
  return { shrinkage: best.shrinkage, scores, reason };
}
