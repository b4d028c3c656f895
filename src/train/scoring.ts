import { type Difference, type Interval, intervals } from '../evaluate/bootstrap.js';
import type { Metric } from '../evaluate/metrics.js';
import { type PerQuery, retrieve, type Scores, summarise } from '../evaluate/retrieval.js';
import { embed } from '../heads/apply.js';
import { chooseShrinkage, type ShrinkageChoice } from '../heads/choose-shrinkage.js';
import type { Head } from '../heads/head.js';
import { learnedWhitening } from '../heads/learned-whitening.js';
import { concatFeatures, type Features } from './features.js';

/** The rows of a run's table, in the order they come about. */
export const ROWS = [
  'before',
  'before-whitened',
  'classification',
  'classification-whitened',
  'triplet',
  'triplet-whitened',
] as const;
export type RowName = (typeof ROWS)[number];
export type Stage = 'before' | 'classification' | 'triplet';

/** Features of the three parts at one stage of a run. */
export interface StageFeatures {
  readonly train: Features;
  readonly validation: Features;
  readonly heldOut: Features;
}

/** One row: how the embeddings of a stage do on the held-out classes, and on the validation classes that choose. */
export interface Row {
  readonly name: RowName;
  readonly dimensions: number;
  readonly scores: Scores;
  readonly intervals: Record<Metric, Interval>;
  /** MAP@R on the validation classes, by a head that has not seen them; null without validation classes. */
  readonly validation: number | null;
  readonly perQuery: PerQuery;
  /** Of the held-out images, row-major [images, dimensions], as they were compared. */
  readonly embeddings: Float32Array;
  /** Null: the pooled features as they are. */
  readonly head: Head | null;
  /** How the shrinkage was chosen, for whitened rows. */
  readonly shrinkage?: ShrinkageChoice;
}

export interface WhiteningOptions {
  readonly dimensions: number;
  readonly shrinkage: readonly number[];
}

/** Embeddings of features by a head, or the features themselves. */
export function embeddings(features: Features, head: Head | null): { values: Float32Array; dimensions: number } {
  return head === null ? features : { values: embed(features.values, head), dimensions: head.outputs };
}

/** Retrieval over one part; null where nothing can be asked, because no class of it has two images. */
export function retrieval(features: Features, head: Head | null): Scores | null {
  if (new Set(features.labels).size === features.labels.length) return null;
  const { values, dimensions } = embeddings(features, head);
  return summarise(retrieve(values, dimensions, features.labels));
}

/** Scores of one row. `choosing` is the head for the validation classes, where it is not the same. */
export function scoreRow(
  name: RowName,
  features: StageFeatures,
  head: Head | null,
  seed: number,
  choosing: Head | null = head,
): Row {
  const { values, dimensions } = embeddings(features.heldOut, head);
  const perQuery = retrieve(values, dimensions, features.heldOut.labels);
  return {
    name,
    dimensions,
    perQuery,
    embeddings: values,
    head,
    scores: summarise(perQuery),
    intervals: intervals(perQuery, { seed }),
    validation: retrieval(features.validation, choosing)?.map_at_r ?? null,
  };
}

/** Learned whitening fitted to the training classes, its shrinkage chosen on the validation classes. */
export interface Whitening {
  /** Fitted on the training classes alone: for choosing, and for starting the next phase. */
  readonly choosing: Head;
  /** Fitted on training and validation classes together, with the shrinkage that was chosen: for the held-out classes and the export. */
  readonly final: Head;
  readonly choice: ShrinkageChoice;
}

export function fitWhitening(
  features: Pick<StageFeatures, 'train' | 'validation'>,
  { dimensions, shrinkage }: WhiteningOptions,
): Whitening {
  const { train, validation } = features;
  const [first, ...others] = shrinkage;
  if (first === undefined) throw new Error('no shrinkage to choose from');
  const choice = chooseShrinkage(
    [first, ...others],
    { features: train.values, labels: train.labels },
    validation.labels.length === 0 ? undefined : { features: validation.values, labels: validation.labels },
    train.dimensions,
    dimensions,
    (values, outputs, labels) => summarise(retrieve(values, outputs, labels)).map_at_r,
  );
  const fit = (on: Features) =>
    learnedWhitening(on.values, on.dimensions, on.labels, { shrinkage: choice.shrinkage, outputs: dimensions });
  const choosing = fit(train);
  return { choosing, final: validation.labels.length === 0 ? choosing : fit(concatFeatures(train, validation)), choice };
}

/** Scores of a whitened row. */
export function scoreWhitened(name: RowName, features: StageFeatures, whitening: Whitening, seed: number): Row {
  return { ...scoreRow(name, features, whitening.final, seed, whitening.choosing), shrinkage: whitening.choice };
}

/**
 * The row that is exported: of those with the wanted dimensions (all, where there is none), the one with the highest MAP@R on
 * the validation classes; without validation classes, the last one. Held-out scores are never looked at.
 */
export function chooseRow<T extends Pick<Row, 'name' | 'dimensions' | 'validation'>>(
  rows: readonly T[],
  dimensions: number,
): { row: T; reason: string } {
  const fitting = rows.filter((row) => row.dimensions === dimensions);
  const candidates = fitting.length > 0 ? fitting : rows;
  const last = candidates.at(-1);
  if (last === undefined) throw new Error('no row to choose from');
  if (candidates.some((row) => row.validation === null))
    return { row: last, reason: 'the last phase: there are no validation classes to choose by' };
  const best = candidates.reduce((a, b) => ((b.validation as number) > (a.validation as number) ? b : a));
  return { row: best, reason: `the highest MAP@R on the validation classes (${(best.validation as number).toFixed(3)})` };
}

export type { Difference };
