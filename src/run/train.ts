import { rm } from 'node:fs/promises';
import { compare, type Difference } from '../evaluate/bootstrap.js';
import type { Metric } from '../evaluate/metrics.js';
import type { Head } from '../heads/head.js';
import type { Progress } from '../progress.js';
import { freeOnCard } from '../runtime/card-memory.js';
import { writeCheckpoint } from '../runtime/checkpoint.js';
import type { ClassifierScores } from '../train/classifier.js';
import type { RunFolder } from '../train/run-folder.js';
import { chooseRow, type RowName, type Stage } from '../train/scoring.js';
import { type Weights, weightsOf } from '../train/trainer.js';
import type { PhaseName } from '../transfer/plan.js';
import { exportAll, exportItsClassifier } from './exports/at-the-end.js';
import type { ExportCheck } from './exports/check.js';
import { writeFindings } from './findings.js';
import { Journal, readHead, type StoredRow, writeHead } from './journal.js';
import type { Manifest } from './manifest.js';
import type { FreeMemory } from './maps-place.js';
import { lastCheckpoint } from './phase-checkpoint.js';
import type { PhaseContext } from './phase-context.js';
import { pixelSource } from './pixel-source.js';
import { writeRecord } from './record.js';
import { writeReport } from './report.js';
import { withRunLock } from './run-lock.js';
import { scoreStage } from './score-stage.js';
import { firstClassifier } from './start-heads.js';
import { trainPhase } from './train-phase.js';
import { classifierOf, headOf, readWeights } from './trained-heads.js';
import { checkViews } from './views-on-card.js';
import type { Workbench } from './workbench.js';

export interface RunContext {
  readonly progress: Progress;
  readonly stopped: () => boolean;
  readonly now: () => number;
  /** Milliseconds between two checkpoints inside an epoch; five minutes where it is not given. */
  readonly saveEvery?: number;
  /** Where maps of frozen layers are kept; the person's cache where it is not given. */
  readonly mapsFolder?: string;
  /** What is free for maps on a card and in the machine; asked for where it is not given. */
  readonly freeOnCard?: FreeMemory;
}

/** A finished run, as the terminal tells it. */
export interface RunResult {
  readonly rows: readonly StoredRow[];
  /** Where the held-out images are of the classes that train. */
  readonly classifier: ClassifierScores | null;
  /** Each row against the one that came before it without a fit, paired by query. */
  readonly steps: readonly { from: RowName; to: RowName; difference: Record<Metric, Difference> }[];
  readonly exported: RowName;
  readonly reason: string;
  readonly checks: readonly ExportCheck[];
  readonly classifierCheck: ExportCheck | null;
  /** The page of the run; null where it was not wanted or could not be written. */
  readonly report: string | null;
  readonly seconds: number;
}

const START_HEAD = 'triplet-start-head.safetensors';

/**
 * The run, from an opened workbench to its export: score, phase 1, score, phase 2, score, choose on validation classes, export.
 * What the journal holds is not done again.
 * @throws UserError where another process trains in this folder
 */
export async function trainRun(bench: Workbench, folder: RunFolder, manifest: Manifest, context: RunContext): Promise<RunResult> {
  return withRunLock(folder, () => trainStages(bench, folder, manifest, context));
}

async function trainStages(bench: Workbench, folder: RunFolder, manifest: Manifest, context: RunContext): Promise<RunResult> {
  const { source, close } = pixelSource(bench.decoded, bench.network.features, context.progress);
  try {
    const journal = await Journal.open(folder);
    await writeRecord(bench, folder);
    const free = context.freeOnCard ?? (await freeOnCard());
    const phaseContext: PhaseContext = { ...context, bench, folder, source, freeOnCard: free };
    await writeFindings(phaseContext);
    const phases = [...bench.plans.keys()];
    const open = phases.filter((phase) => journal.phase(phase) === undefined);
    checkViews(bench, open, free?.card ?? null);
    const stages: Stage[] = ['before', ...phases];
    let weights = weightsOf(bench.network);
    for (const [index, stage] of stages.entries()) {
      if (stage !== 'before') {
        if (journal.phase(stage) === undefined) {
          const record = await trainPhase(stage, weights, await startHead(stage, bench, folder), phaseContext);
          manifest.frozen[stage] = record.proof;
          await folder.writeJson('manifest.json', manifest);
          await journal.finishPhase(stage, record);
          await rm(lastCheckpoint(folder), { force: true });
        }
        weights = await readWeights(folder, stage);
      }
      if (journal.rows(stage) !== undefined) continue;
      const head = stage === 'triplet' ? headOf(weights, bench, bench.recipe.head.dimensions) : null;
      const classifier = stage === 'classification' && bench.split.kind === 'closed' ? classifierOf(weights, bench) : null;
      const result = await scoreStage(stage, weights, head, phaseContext, stages[index + 1] === 'triplet', classifier);
      if (result.nextHead !== null) await writeHead(folder.file('checkpoints', START_HEAD), result.nextHead);
      await journal.finishStage(stage, result.rows, result.classifier);
    }
    return await finish(stages, journal, phaseContext, manifest);
  } finally {
    close();
  }
}

async function finish(stages: readonly Stage[], journal: Journal, context: PhaseContext, manifest: Manifest): Promise<RunResult> {
  const { bench, folder } = context;
  const { recipe, network } = bench;
  const rows = stages.flatMap((stage) => journal.rows(stage) ?? []);
  const classifier = journal.classifier();
  const { row, reason } = chooseRow(
    rows.map((one) => ({ ...one, validationByClass: one.validationByClass ?? [] })),
    recipe.head.dimensions,
  );
  const stage = row.name.replace('-whitened', '') as Stage;
  const weights = stage === 'before' ? weightsOf(bench.network) : await readWeights(folder, stage);
  const head = await journal.head(row);
  const steps = await differences(rows, journal, recipe.seed);
  const seconds = stages.reduce((sum, one) => sum + (one === 'before' ? 0 : (journal.phase(one)?.seconds ?? 0)), 0);
  await folder.writeJson('scores.json', {
    ...Object.fromEntries(
      rows.map(({ name, scores, intervals, dimensions, validation, shrinkage }) => [
        name,
        { ...scores, dimensions, validation_map_at_r: validation, ...(shrinkage === null ? {} : { shrinkage }), intervals },
      ]),
    ),
    ...(classifier === null ? {} : { classifier }),
    differences: Object.fromEntries(steps.map(({ from, to, difference }) => [`${to} − ${from}`, difference])),
    exported: row.name,
    exported_because: reason,
  });
  await writeModel(folder, weights, head, bench);
  const checks = await exportAll({ network, weights, head, side: recipe.data.side }, context);
  const classifierCheck =
    classifier === null ? null : await exportItsClassifier(await readWeights(folder, 'classification'), context);
  manifest.finished ??= new Date().toISOString();
  await folder.writeJson('manifest.json', manifest);
  const report = recipe.export.report ? await itsReport(context) : null;
  return { rows, classifier, steps, exported: row.name, reason, checks, classifierCheck, report, seconds };
}

/** The page of the run. What was trained is safe by now: a page that cannot be written is said, and ends nothing. */
async function itsReport({ folder, progress }: PhaseContext): Promise<string | null> {
  const bar = progress.bar('writing the report', 1, 'page');
  try {
    return (await writeReport(folder, folder.path)).path;
  } catch (error) {
    progress.line(
      `the report could not be written (${error instanceof Error ? error.message : error}); ft report ${folder.path}`,
    );
    return null;
  } finally {
    bar.done();
  }
}

/** What each phase and each fit brought, paired by query. */
async function differences(rows: readonly StoredRow[], journal: Journal, seed: number): Promise<RunResult['steps']> {
  const names = rows.map(({ name }) => name);
  const plain = names.filter((name) => !name.endsWith('-whitened'));
  const fitted = names.filter((name) => name.endsWith('-whitened'));
  const pairs: [RowName, RowName][] = [];
  for (const list of [plain, fitted])
    for (let i = 1; i < list.length; i++) pairs.push([list[i - 1] as RowName, list[i] as RowName]);
  for (const name of fitted) pairs.push([name.replace('-whitened', '') as RowName, name]);
  const steps = [];
  for (const [from, to] of pairs)
    steps.push({ from, to, difference: compare(await journal.perQuery(from), await journal.perQuery(to), { seed }) });
  return steps;
}

/** The classifier starts at random; the embedding head as the stage before it was told to fit it. */
async function startHead(phase: PhaseName, bench: Workbench, folder: RunFolder): Promise<Head> {
  return phase === 'triplet' ? readHead(folder.file('checkpoints', START_HEAD)) : firstClassifier(bench);
}

/** The finished model in one file, from which the run is evaluated, embeds and exports again. */
async function writeModel(folder: RunFolder, weights: Weights, head: Head | null, { network }: Workbench): Promise<void> {
  await writeCheckpoint(folder.file('model.safetensors'), {
    tensors: Object.fromEntries(
      [...network.variables].map(([name, { shape, values }]) => [name, { shape, values: weights[name] ?? values }]),
    ),
    meta: { head: head !== null },
  });
  if (head !== null) await writeHead(folder.file('model-head.safetensors'), head);
}
