import type { Difference, Interval } from '../evaluate/bootstrap.js';
import type { PicturedCase } from '../page/cases.js';

/** One row of scores: an embedding of the held-out images, and how it retrieves. Metrics by the names of `scores.json`. */
export interface ScoreRow {
  readonly name: string;
  readonly dimensions: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, Interval>>;
  /** MAP@R on the validation classes; null without them. */
  readonly validation: number | null;
}

/** What lies between two rows, each query paired to itself. */
export interface Step {
  readonly from: string;
  readonly to: string;
  readonly difference: Readonly<Record<string, Difference>>;
}

/** A line of `metrics.jsonl`: one epoch. What a run did not log is absent. */
export interface Epoch {
  readonly phase: string;
  readonly epoch: number;
  readonly best: boolean;
  /** What the validation figure is. */
  readonly measure: string;
  /** loss, accuracy, validation, rate, …: whatever number the line holds. */
  readonly figures: Readonly<Record<string, number>>;
  readonly stages: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly distances: DistanceHistogram | null;
}

/** Counts of d(anchor, positive) and d(anchor, negative) between `edges`. */
export interface DistanceHistogram {
  readonly edges: readonly number[];
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

export interface LayerOfPlan {
  readonly name: string;
  readonly stage: string;
  readonly kind: string;
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly frozen: boolean;
  /** Null where the optimizer does not touch it. */
  readonly rate: number | null;
}

export interface PlanOfPhase {
  readonly phase: string;
  /** The epoch (from 1) from which on it holds. */
  readonly from: number;
  readonly rate: number;
  readonly batchNorm: string;
  readonly layers: readonly LayerOfPlan[];
  /** What the proof after the phase said; null where there is none yet. */
  readonly proof: { readonly frozen: number; readonly unchanged: boolean } | null;
}

/** What is wrong with the images of a run, the gravest first. */
export interface FindingOfRun {
  readonly kind: string;
  /** One line with the number of cases. */
  readonly what: string;
  readonly why: string;
  readonly mend: string;
  readonly cases: readonly PicturedCase[];
}

export interface DataOfRun {
  readonly name: string;
  readonly classes: number;
  readonly images: number;
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  readonly singleImageClasses: readonly string[];
  readonly sharedAcrossClasses: readonly (readonly string[])[];
  /** Null where the run was not checked. */
  readonly findings: readonly FindingOfRun[] | null;
  readonly split: {
    readonly by: string;
    readonly kind: 'open' | 'closed';
    readonly parts: Readonly<Record<string, { readonly classes: number; readonly images: number }>>;
  } | null;
}

/** The held-out images, in the order of the rows of every matrix of embeddings. */
export interface HeldOut {
  readonly files: readonly string[];
  /** Where each lay; '' where it is not known. */
  readonly paths: readonly string[];
  readonly labels: Int32Array;
  /** The names that `labels` number. */
  readonly classes: readonly string[];
}

/** Embeddings of the held-out images by one row, scaled to unit length. */
export interface Vectors {
  readonly row: string;
  readonly dimensions: number;
  /** Row-major [images, dimensions]. */
  readonly unit: Float32Array;
}

/** Figures of each query of one row. */
export interface QueryFigures {
  /** The image of each query. */
  readonly images: readonly number[];
  readonly recallAt1: readonly number[];
  readonly mapAtR: readonly number[];
}

/** The classifier of a closed split, as `scores.json` holds it. */
export interface ClassifierFigures {
  readonly images: number;
  readonly classes: readonly string[];
  readonly top_1: number;
  readonly top_5: number | null;
  readonly macro_f1: number | null;
  readonly ece: number | null;
  readonly nll: number | null;
  readonly brier: number | null;
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly perClass: readonly {
    readonly class: string;
    readonly precision: number;
    readonly recall: number;
    readonly f1: number;
    readonly images: number;
  }[];
  /** [truth][named]: images. */
  readonly confusion: readonly (readonly number[])[];
  readonly reliability: readonly {
    readonly low: number;
    readonly high: number;
    readonly confidence: number;
    readonly accuracy: number;
    readonly images: number;
  }[];
}

/** One line of "how it was made". */
export interface Fact {
  readonly what: string;
  readonly value: string;
  /** Shown as code: hashes and commands. */
  readonly code?: boolean;
}

/** Everything that a report tells of a run. Every part may be missing: the report then says so. */
export interface ReportInput {
  readonly run: string;
  readonly recipe: string;
  readonly backbone: string;
  readonly finished: boolean;
  readonly seed: number;
  readonly command: readonly string[];
  readonly facts: readonly Fact[];
  readonly rows: readonly ScoreRow[];
  readonly steps: readonly Step[];
  readonly exported: { readonly row: string; readonly because: string } | null;
  readonly epochs: readonly Epoch[];
  readonly plans: readonly PlanOfPhase[];
  readonly data: DataOfRun | null;
  readonly heldOut: HeldOut | null;
  /** Of the row that is exported, and of the network before training where that is another one. */
  readonly vectors: readonly Vectors[];
  readonly queries: QueryFigures | null;
  readonly classifier: ClassifierFigures | null;
  /** Files that are not there or cannot be read, each with what is not shown for it. */
  readonly missing: readonly string[];
}
