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
  /** The same for each validation class that can be asked for, by its number: what tells a difference from chance. Empty without. */
  readonly validationByClass: readonly number[];
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
  const found = retrievalByQuery(features, head);
  return found && summarise(found);
}

function retrievalByQuery(features: Features, head: Head | null): PerQuery | null {
  if (new Set(features.labels).size === features.labels.length) return null;
  const { values, dimensions } = embeddings(features, head);
  return retrieve(values, dimensions, features.labels);
}

/** Mean MAP@R of the queries of each class, in the order of the classes' numbers. */
function meansByClass({ rows, values }: PerQuery, labels: Int32Array): number[] {
  const sums = new Map<number, { sum: number; count: number }>();
  rows.forEach((row, at) => {
    const label = labels[row] as number;
    const { sum, count } = sums.get(label) ?? { sum: 0, count: 0 };
    sums.set(label, { sum: sum + (values.map_at_r[at] as number), count: count + 1 });
  });
  return [...sums].sort(([a], [b]) => a - b).map(([, { sum, count }]) => sum / count);
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
  const validation = retrievalByQuery(features.validation, choosing);
  return {
    name,
    dimensions,
    perQuery,
    embeddings: values,
    head,
    scores: summarise(perQuery),
    intervals: intervals(perQuery, { seed }),
    validation: validation && summarise(validation).map_at_r,
    validationByClass: validation === null ? [] : meansByClass(validation, features.validation.labels),
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
 * The row that is exported, among those with the wanted dimensions (all, where there is none): the last one whose MAP@R on the
 * validation classes lies within a standard error of the highest. The error is that of the difference between the two over the classes
 * (a class's images are alike, so classes are what is drawn): with few of them the highest is luck, and the later row was trained
 * longer; where a phase did harm, the classes agree on it. Without validation classes, the last row. Held-out scores are never looked at.
 *
 * Source of the one-standard-error rule: Breiman et al., "Classification and regression trees", 1984, §3.4.3.
 */
export function chooseRow<T extends Pick<Row, 'name' | 'dimensions' | 'validation' | 'validationByClass'>>(
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
  const row = candidates.findLast((one) => one === best || !clearlyBelow(one, best)) as T;
  const value = ({ validation }: T) => (validation as number).toFixed(3);
  const reason =
    row === best
      ? `the highest MAP@R on the validation classes (${value(best)})`
      : `the last row within a standard error of the highest MAP@R on the validation classes (${value(row)}; ${best.name} ${value(best)})`;
  return { row, reason };
}

/** Whether one row lies below another by more than a standard error of their difference over classes. */
function clearlyBelow(
  { validationByClass: own }: Pick<Row, 'validationByClass'>,
  { validationByClass: best }: Pick<Row, 'validationByClass'>,
): boolean {
  // Of one class nothing is known of chance.
  if (own.length < 2 || own.length !== best.length) return true;
  const differences = best.map((value, at) => value - (own[at] as number));
  const mean = differences.reduce((sum, one) => sum + one, 0) / differences.length;
  const variance = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (differences.length - 1);
  return mean > Math.sqrt(variance / differences.length);
}

export type { Difference };
