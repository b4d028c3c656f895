import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { planEpoch } from '../data/batch.js';
import { createLoader } from '../data/loader.js';
import { deriveSeed } from '../data/random.js';
import { pkBatches, shuffledBatches } from '../data/samplers.js';
import { denseLabels } from '../data/split.js';
import { Interrupted } from '../errors.js';
import { retrieve, summarise } from '../evaluate/retrieval.js';
import type { Head } from '../heads/head.js';
import { miners } from '../miners/registry.js';
import { createOptimizer } from '../optimizers/registry.js';
import { type Schedule, scheduleFactor } from '../optimizers/schedule.js';
import type { Progress } from '../progress.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import { readCheckpoint, type StoredTensors, writeCheckpoint } from '../runtime/checkpoint.js';
import type { Program } from '../runtime/program.js';
import { computeFeatures, type FeatureSource } from '../train/features.js';
import { type Fingerprints, type FrozenProof, fingerprints, frozenNames, proveFrozen } from '../train/frozen-proof.js';
import { classificationObjective, HEAD_BIAS, HEAD_KERNEL, tripletObjective } from '../train/objectives.js';
import { type EpochSummary, type Position, runPhase, START } from '../train/phase.js';
import type { RunFolder } from '../train/run-folder.js';
import { embeddings } from '../train/scoring.js';
import type { Objective } from '../train/step.js';
import { createTrainer, type Weights } from '../train/trainer.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import type { PhaseRecord } from './journal.js';
import type { Workbench } from './workbench.js';

export interface PhaseContext {
  readonly bench: Workbench;
  readonly folder: RunFolder;
  readonly progress: Progress;
  readonly source: FeatureSource;
  readonly stopped: () => boolean;
  readonly now: () => number;
}

/** What a checkpoint in the middle of a phase says besides its tensors. */
interface PhaseMeta {
  phase: PhaseName;
  position: Position;
  best: { epoch: number; validation: number | null };
  epochs: EpochSummary[];
  frozenBefore: Fingerprints;
}

const LAST = 'last.safetensors';

/** The best weights that a phase left. */
export function phaseWeights(folder: RunFolder, phase: PhaseName): string {
  return folder.file('checkpoints', `${phase}.safetensors`);
}

/**
 * Trains one phase, from its start or from the checkpoint that an interrupted call left, and writes its best weights
 * (by MAP@R on the validation classes; without them, the last).
 * @throws Interrupted after the checkpoint is written, where the person asked to stop
 */
export async function trainPhase(phase: PhaseName, weights: Weights, head: Head, context: PhaseContext): Promise<PhaseRecord> {
  const { bench, folder, progress, source } = context;
  const { recipe, network, split } = bench;
  const options = recipe[phase] as PhaseRates;
  const plan = bench.plans.get(phase) as PhasePlan;
  const seed = deriveSeed(recipe.seed, phase);
  const { samples } = split.train;
  const epochBatches = batchesOf(phase, bench, seed);
  const stepsPerEpoch = epochBatches(0).length;
  const optimizer = createOptimizer(options.optimizer);
  const { program, names } = createTrainer({
    engine: recipe.engine,
    network,
    plan,
    optimizer,
    clipNorm: options.clipNorm,
    objective: objectiveOf(phase, recipe),
    weights: { ...weights, [HEAD_KERNEL]: head.kernel, [HEAD_BIAS]: head.bias },
    batch: (epochBatches(0)[0] as Int32Array).length,
    featureBatch: source.batch,
    side: recipe.data.side,
  });
  const loader = createLoader(bench.decoded, {
    augment: recipe.data.augment === 'none' ? null : recipe.data.augment,
    seed,
    workers: recipe.data.workers,
    progress,
  });
  const last = folder.file('checkpoints', LAST);
  try {
    const meta = (await resume(phase, last, program)) ?? {
      phase,
      position: START,
      best: { epoch: 0, validation: null },
      epochs: [],
      frozenBefore: fingerprints(program.read(frozenNames(plan))),
    };
    const save = (position: Position) => {
      meta.position = position;
      return writeCheckpoint<PhaseMeta>(last, { tensors: stored(program, names.all, plan, optimizer), meta });
    };
    const total = options.epochs * stepsPerEpoch;
    let bar = progress.bar(label(phase, meta.position.epoch, options.epochs), stepsPerEpoch, 'steps');
    bar.advance(meta.position.stepOfEpoch);
    const finished = await runPhase(
      {
        name: phase,
        program,
        epochs: options.epochs,
        stepsPerEpoch,
        now: context.now,
        stopped: context.stopped,
        seed: seed & 0x7fffffff,
        batches: (epoch, fromStep) => loader.batches(planEpoch(epochBatches(epoch), epoch, fromStep)),
        labelOf: phase === 'classification' ? (sample) => bench.classifierLabels.get(sample) as number : source.labelOf,
        rateAt: (step) => options.rate * scheduleFactor(step, total, scheduleInSteps(options.schedule, stepsPerEpoch)),
        onStep: (_, figures) => bar.advance(1, figuresInWords(phase, figures, bench)),
        async onEpoch(summary, position) {
          bar.done();
          const evaluation = await evaluateEpoch(phase, summary.epoch, options, program, context);
          meta.epochs.push(summary);
          // Without validation classes nothing can be compared: the last epoch is the one.
          const better =
            evaluation.validation === null || meta.best.validation === null || evaluation.validation > meta.best.validation;
          if (better) {
            meta.best = { epoch: summary.epoch, validation: evaluation.validation };
            await writeCheckpoint(phaseWeights(folder, phase), {
              tensors: stored(program, names.variables, plan, optimizer),
              meta: meta.best,
            });
          }
          await folder.log({ phase, ...flat(summary), ...evaluation, best_so_far: better });
          progress.line(epochLine(phase, summary, options.epochs, evaluation, bench));
          await save(position);
          if (position.epoch < options.epochs)
            bar = progress.bar(label(phase, position.epoch, options.epochs), stepsPerEpoch, 'steps');
        },
        onStop: save,
      },
      meta.position,
    );
    if (!finished) {
      bar.done();
      throw new Interrupted(
        `stopped in the ${phase} phase, epoch ${meta.position.epoch + 1}, step ${meta.position.stepOfEpoch}; a checkpoint is written`,
      );
    }
    const proof = proveFrozen(meta.frozenBefore, fingerprints(program.read(frozenNames(plan))));
    refuseMoved(phase, proof);
    await rm(last, { force: true });
    return { proof, best: meta.best, epochs: meta.epochs, seconds: meta.position.seconds };
  } finally {
    await loader.close();
    program.close();
  }

  function batchesOf(
    name: PhaseName,
    { split: { train }, decoded }: Workbench,
    phaseSeed: number,
  ): (epoch: number) => Int32Array[] {
    switch (name) {
      case 'classification': {
        const { batch } = recipe.classification as NonNullable<Recipe['classification']>;
        return (epoch) => shuffledBatches(samples, batch, phaseSeed, epoch);
      }
      case 'triplet': {
        const { classesPerBatch, imagesPerClass } = recipe.triplet as NonNullable<Recipe['triplet']>;
        const labels = denseLabels(decoded.dataset, train);
        return (epoch) => pkBatches(samples, labels, classesPerBatch, imagesPerClass, phaseSeed, epoch);
      }
    }
  }
}

function objectiveOf(phase: PhaseName, recipe: Recipe): Objective {
  switch (phase) {
    case 'classification': {
      const { dropout, labelSmoothing } = recipe.classification as NonNullable<Recipe['classification']>;
      return classificationObjective({ dropout, smoothing: labelSmoothing });
    }
    case 'triplet': {
      const { miner, margin, distance, reduction } = recipe.triplet as NonNullable<Recipe['triplet']>;
      return tripletObjective({
        miner: miners.get(miner) as NonNullable<ReturnType<typeof miners.get>>,
        margin,
        distance,
        reduction,
      });
    }
  }
}

/** The recipe counts the falls of a step schedule in epochs, the schedule in steps. */
function scheduleInSteps(schedule: PhaseRates['schedule'], stepsPerEpoch: number): Schedule {
  return schedule.name === 'step' ? { ...schedule, every: schedule.every * stepsPerEpoch } : schedule;
}

async function resume(phase: PhaseName, path: string, program: Program): Promise<PhaseMeta | undefined> {
  if (!existsSync(path)) return undefined;
  const { tensors, meta } = await readCheckpoint<PhaseMeta>(path);
  if (meta.phase !== phase) return undefined;
  program.write(Object.fromEntries(Object.entries(tensors).map(([name, { values }]) => [name, values])));
  return meta;
}

function stored(
  program: Program,
  names: readonly string[],
  plan: PhasePlan,
  optimizer: ReturnType<typeof createOptimizer>,
): StoredTensors {
  const shapes = new Map<string, readonly number[]>();
  for (const { name, shape } of plan.variables) {
    shapes.set(name, shape);
    for (const slot of optimizer.slots(shape)) shapes.set(`${name}/${slot.suffix}`, slot.shape);
  }
  const values = program.read(names);
  return Object.fromEntries(names.map((name) => [name, { shape: shapes.get(name) ?? [], values: values[name] as Float32Array }]));
}

interface EpochEvaluation {
  validation: number | null;
  held_out_recall_at_1: number | null;
}

/** MAP@R on the validation classes, and Recall@1 on the held-out ones where the recipe asks for it in this epoch. */
async function evaluateEpoch(
  phase: PhaseName,
  epoch: number,
  options: PhaseRates,
  program: Program,
  { bench, source, progress }: PhaseContext,
): Promise<EpochEvaluation> {
  const head = phase === 'triplet' ? presentHead(program, bench) : null;
  const look = async (samples: Int32Array, what: string) => {
    if (samples.length < 2) return null;
    const bar = progress.bar(`features of the ${what} images`, samples.length, 'images');
    const features = await computeFeatures(program, source, samples, bar);
    bar.done();
    const { values, dimensions } = embeddings(features, head);
    return summarise(retrieve(values, dimensions, features.labels));
  };
  const validation = await look(bench.split.validation.samples, 'validation');
  const asked = options.evaluateEvery > 0 && epoch % options.evaluateEvery === 0;
  const heldOut = asked ? await look(bench.split.heldOut.samples, 'held-out') : null;
  return { validation: validation?.map_at_r ?? null, held_out_recall_at_1: heldOut?.recall_at_1 ?? null };
}

function presentHead(program: Program, bench: Workbench): Head {
  const values = program.read([HEAD_KERNEL, HEAD_BIAS]);
  return {
    kernel: values[HEAD_KERNEL] as Float32Array,
    bias: values[HEAD_BIAS] as Float32Array,
    inputs: bench.network.features,
    outputs: bench.recipe.head.dimensions,
  };
}

function refuseMoved(phase: PhaseName, proof: FrozenProof): void {
  if (proof.unchanged) return;
  throw new Error(`${proof.moved.length} frozen variables moved in the ${phase} phase: ${proof.moved.join(', ')}`);
}

function flat({ figures, imagesPerSecond, ...rest }: EpochSummary): Record<string, unknown> {
  return { ...rest, ...figures, images_per_second: imagesPerSecond };
}

function label(phase: PhaseName, epoch: number, epochs: number): string {
  return `${phase} ${epoch + 1}/${epochs}`;
}

/** All (anchor, positive, negative) of a P×K batch. */
function tripletsOfBatch({ recipe }: Workbench): number {
  const { classesPerBatch: p, imagesPerClass: k } = recipe.triplet as NonNullable<Recipe['triplet']>;
  return p * k * (k - 1) * (p - 1) * k;
}

function figuresInWords(phase: PhaseName, figures: Record<string, number>, bench: Workbench): string {
  const loss = `loss ${(figures.loss ?? 0).toFixed(3)}`;
  switch (phase) {
    case 'classification':
      return `${loss}, accuracy ${(100 * (figures.accuracy ?? 0)).toFixed(0)} %`;
    case 'triplet':
      return `${loss}, ${((100 * (figures.active ?? 0)) / tripletsOfBatch(bench)).toFixed(1)} % active, d(a,p) ${(figures.positive ?? 0).toFixed(2)}, d(a,n) ${(figures.negative ?? 0).toFixed(2)}`;
  }
}

function epochLine(
  phase: PhaseName,
  summary: EpochSummary,
  epochs: number,
  evaluation: EpochEvaluation,
  bench: Workbench,
): string {
  const parts = [figuresInWords(phase, summary.figures, bench), `${summary.imagesPerSecond.toFixed(0)} images/s`];
  if (evaluation.validation !== null) parts.push(`validation MAP@R ${evaluation.validation.toFixed(3)}`);
  if (evaluation.held_out_recall_at_1 !== null) parts.push(`held-out R@1 ${evaluation.held_out_recall_at_1.toFixed(3)}`);
  if (summary.skipped > 0) parts.push(`${summary.skipped} batches without a triplet`);
  return `${label(phase, summary.epoch - 1, epochs)}: ${parts.join(', ')}`;
}
