import type { Interval } from '../evaluate/bootstrap.js';
import type { Metric } from '../evaluate/metrics.js';
import { metrics } from '../evaluate/metrics.js';
import type { PerQuery, Scores } from '../evaluate/retrieval.js';
import type { Head } from '../heads/head.js';
import { readCheckpoint, writeCheckpoint } from '../runtime/checkpoint.js';
import type { ClassifierAnswers, ClassifierScores } from '../train/classifier.js';
import type { FrozenProof } from '../train/frozen-proof.js';
import type { EpochSummary } from '../train/phase.js';
import type { RunFolder } from '../train/run-folder.js';
import type { Row, RowName, Stage } from '../train/scoring.js';
import type { PhaseName } from '../transfer/plan.js';
import { writeNpy } from '../vectors/npy.js';
import type { Restart } from './collapse-answer.js';
import type { Rendered } from './views-on-card.js';

/** A row of scores as it is kept between two sittings of a run. */
export interface StoredRow {
  readonly name: RowName;
  readonly dimensions: number;
  readonly scores: Scores;
  readonly intervals: Record<Metric, Interval>;
  readonly validation: number | null;
  /** Absent in runs that were begun by an ft without it. */
  readonly validationByClass?: readonly number[];
  readonly shrinkage: number | null;
  readonly fitted: boolean;
}

/** What a finished phase leaves in the journal. */
export interface PhaseRecord {
  readonly proof: FrozenProof;
  readonly best: { readonly epoch: number; readonly validation: number | null };
  readonly epochs: readonly EpochSummary[];
  readonly seconds: number;
  /** What was done about collapses, in order. */
  readonly restarts: readonly Restart[];
  /** In words, why it ended before its last epoch; null where it did not (absent in runs of ft 0.1). */
  readonly early?: string | null;
  /** Where its views were rendered, from which epoch on (absent in runs of ft before it knew cards). */
  readonly rendered?: readonly Rendered[];
}

interface Contents {
  phases: Partial<Record<PhaseName, PhaseRecord>>;
  stages: Partial<Record<Stage, StoredRow[]>>;
  classifier?: ClassifierScores;
}

const FILE = 'journal.json';

/** How a stage's classifier did, and what it said of each held-out image. */
export interface StageClassifier {
  readonly scores: ClassifierScores;
  readonly answers: ClassifierAnswers;
}

/** File of a run's folder. */
export const CLASSIFIER_ANSWERS = 'evaluation/classifier.json';

/** What of a run is done: each stage and phase once, so that a run that was stopped goes on behind the last one. */
export class Journal {
  private constructor(
    private readonly folder: RunFolder,
    private readonly contents: Contents,
  ) {}

  static async open(folder: RunFolder): Promise<Journal> {
    return new Journal(folder, (await folder.readJson<Contents>(FILE)) ?? { phases: {}, stages: {} });
  }

  phase(name: PhaseName): PhaseRecord | undefined {
    return this.contents.phases[name];
  }

  rows(stage: Stage): StoredRow[] | undefined {
    return this.contents.stages[stage];
  }

  /** How the classifier of phase 1 did; null where its classes are not those that are held out. */
  classifier(): ClassifierScores | null {
    return this.contents.classifier ?? null;
  }

  async finishPhase(name: PhaseName, record: PhaseRecord): Promise<void> {
    this.contents.phases[name] = record;
    await this.folder.writeJson(FILE, this.contents);
  }

  /** Keeps the rows of a stage: their scores here; what each query got, the embeddings and the fitted heads in files of their own. */
  async finishStage(stage: Stage, rows: readonly Row[], classifier: StageClassifier | null): Promise<void> {
    for (const row of rows) {
      await this.folder.writeJson(`evaluation/${row.name}.json`, {
        rows: [...row.perQuery.rows],
        leftOut: row.perQuery.leftOut,
        values: Object.fromEntries(metrics.map((metric) => [metric, [...row.perQuery.values[metric]]])),
      });
      await writeNpy(this.folder.file('evaluation', `${row.name}.npy`), {
        rows: row.embeddings.length / row.dimensions,
        columns: row.dimensions,
        values: row.embeddings,
      });
      if (row.head !== null) await writeHead(this.folder.file('checkpoints', `${row.name}-head.safetensors`), row.head);
    }
    if (classifier !== null) {
      this.contents.classifier = classifier.scores;
      await this.folder.writeJson(CLASSIFIER_ANSWERS, classifier.answers);
    }
    this.contents.stages[stage] = rows.map((row) => ({
      name: row.name,
      dimensions: row.dimensions,
      scores: row.scores,
      intervals: row.intervals,
      validation: row.validation,
      validationByClass: row.validationByClass,
      shrinkage: row.shrinkage?.shrinkage ?? null,
      fitted: row.head !== null,
    }));
    await this.folder.writeJson(FILE, this.contents);
  }

  async perQuery(row: RowName): Promise<PerQuery> {
    const stored = await this.folder.readJson<{ rows: number[]; leftOut: number; values: Record<Metric, number[]> }>(
      `evaluation/${row}.json`,
    );
    if (stored === undefined) throw new Error(`the run holds no evaluation of '${row}'`);
    return {
      rows: Int32Array.from(stored.rows),
      leftOut: stored.leftOut,
      values: Object.fromEntries(
        metrics.map((metric) => [metric, Float64Array.from(stored.values[metric])]),
      ) as unknown as Record<Metric, Float64Array>,
    };
  }

  async head(row: StoredRow): Promise<Head | null> {
    return row.fitted ? readHead(this.folder.file('checkpoints', `${row.name}-head.safetensors`)) : null;
  }
}

export async function writeHead(path: string, head: Head): Promise<void> {
  await writeCheckpoint(path, {
    tensors: {
      'head/kernel': { shape: [head.inputs, head.outputs], values: head.kernel },
      'head/bias': { shape: [head.outputs], values: head.bias },
    },
    meta: {},
  });
}

export async function readHead(path: string): Promise<Head> {
  const { tensors } = await readCheckpoint(path);
  const kernel = tensors['head/kernel'];
  const bias = tensors['head/bias'];
  if (kernel === undefined || bias === undefined) throw new Error(`${path} holds no head`);
  const [inputs, outputs] = kernel.shape as [number, number];
  return { kernel: kernel.values as Float32Array, bias: bias.values as Float32Array, inputs, outputs };
}
