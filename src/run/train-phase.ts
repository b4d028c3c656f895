import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { planEpoch } from '../data/batch.js';
import { createLoader } from '../data/loader.js';
import { deriveSeed } from '../data/random.js';
import { Interrupted } from '../errors.js';
import type { Head } from '../heads/head.js';
import { createOptimizer } from '../optimizers/registry.js';
import { scheduleFactor } from '../optimizers/schedule.js';
import type { Progress } from '../progress.js';
import type { PhaseRates } from '../recipe/schema.js';
import { readCheckpoint, type StoredTensors, writeCheckpoint } from '../runtime/checkpoint.js';
import { writeFileAtomic } from '../runtime/folders.js';
import type { Program } from '../runtime/program.js';
import type { FeatureSource } from '../train/features.js';
import { type Fingerprints, type FrozenProof, fingerprints, frozenNames, proveFrozen } from '../train/frozen-proof.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import { type EpochSummary, type Position, runPhase, START } from '../train/phase.js';
import type { RunFolder } from '../train/run-folder.js';
import { createTrainer, type Weights } from '../train/trainer.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { evaluateEpoch } from './evaluate-epoch.js';
import type { PhaseRecord } from './journal.js';
import { batchesOf, objectiveOf, scheduleInSteps } from './phase-parts.js';
import { epochLine, figuresInWords, label } from './phase-words.js';
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

/** The checkpoint of the phase in progress. It stays until the journal holds the phase as finished. */
export function lastCheckpoint(folder: RunFolder): string {
  return folder.file('checkpoints', 'last.safetensors');
}

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
  const { recipe, network } = bench;
  const options = recipe[phase] as PhaseRates;
  const plan = bench.plans.get(phase) as PhasePlan;
  const seed = deriveSeed(recipe.seed, phase);
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
  const last = lastCheckpoint(folder);
  try {
    const meta = (await resume(phase, last, program, folder)) ?? {
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
    return { proof, best: meta.best, epochs: meta.epochs, seconds: meta.position.seconds };
  } finally {
    await loader.close();
    program.close();
  }
}

async function resume(phase: PhaseName, path: string, program: Program, folder: RunFolder): Promise<PhaseMeta | undefined> {
  if (!existsSync(path)) return undefined;
  const { tensors, meta } = await readCheckpoint<PhaseMeta>(path);
  if (meta.phase !== phase) return undefined;
  program.write(Object.fromEntries(Object.entries(tensors).map(([name, { values }]) => [name, values])));
  await forgetLaterEpochs(folder, phase, meta.position.epoch);
  return meta;
}

/** Takes out of the log what was written after the checkpoint: those epochs come again. */
async function forgetLaterEpochs(folder: RunFolder, phase: PhaseName, epoch: number): Promise<void> {
  const path = folder.file('metrics.jsonl');
  if (!existsSync(path)) return;
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => {
    const entry = JSON.parse(line) as { phase: string; epoch: number };
    return entry.phase !== phase || entry.epoch <= epoch;
  });
  if (kept.length < lines.length) await writeFileAtomic(path, kept.map((line) => `${line}\n`).join(''));
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

function refuseMoved(phase: PhaseName, proof: FrozenProof): void {
  if (proof.unchanged) return;
  throw new Error(`${proof.moved.length} frozen variables moved in the ${phase} phase: ${proof.moved.join(', ')}`);
}

function flat({ figures, imagesPerSecond, ...rest }: EpochSummary): Record<string, unknown> {
  return { ...rest, ...figures, images_per_second: imagesPerSecond };
}
