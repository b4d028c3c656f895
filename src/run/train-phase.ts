import { existsSync } from 'node:fs';
import { planEpoch } from '../data/batch.js';
import { createLoader } from '../data/loader.js';
import { deriveSeed } from '../data/random.js';
import { type Fault, Interrupted, UserError } from '../errors.js';
import type { Head } from '../heads/head.js';
import { createOptimizer } from '../optimizers/registry.js';
import { scheduleFactor } from '../optimizers/schedule.js';
import type { Bar } from '../progress.js';
import type { PhaseRates } from '../recipe/schema.js';
import { readCheckpoint, type StoredTensors, writeCheckpoint } from '../runtime/checkpoint.js';
import type { Program } from '../runtime/program.js';
import { type Fingerprints, type FrozenProof, fingerprints, frozenNames, proveFrozen } from '../train/frozen-proof.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import { type EpochSummary, type Position, runPhase, START } from '../train/phase.js';
import type { RunFolder } from '../train/run-folder.js';
import { createTrainer, type Weights } from '../train/trainer.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { evaluateEpoch } from './evaluate-epoch.js';
import type { PhaseRecord } from './journal.js';
import type { PhaseContext } from './phase-context.js';
import { batchesOf, objectiveOf, scheduleInSteps } from './phase-parts.js';
import { epochLine, figuresInWords, label, whereabouts } from './phase-words.js';

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
  const begin = (epoch: number) => progress.bar(label(phase, epoch, options.epochs), stepsPerEpoch, 'steps');
  let bar: Bar | undefined;
  try {
    const meta = (await resume(phase, last, program)) ?? {
      phase,
      position: START,
      best: { epoch: 0, validation: null },
      epochs: [],
      frozenBefore: fingerprints(program.read(frozenNames(plan))),
    };
    // What a killed call logged after its last checkpoint comes again.
    await folder.keepLogged((line) => line.phase !== phase || Number(line.epoch) <= meta.epochs.length);
    const save = (position: Position) => {
      meta.position = position;
      return writeCheckpoint<PhaseMeta>(last, { tensors: stored(program, names.all, plan, optimizer), meta });
    };
    const total = options.epochs * stepsPerEpoch;
    if (meta.position.epoch < options.epochs) bar = begin(meta.position.epoch);
    bar?.advance(meta.position.stepOfEpoch);
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
        onStep: (_, figures) => bar?.advance(1, figuresInWords(phase, figures, bench)),
        async onEpoch(summary, next, ended) {
          bar?.done();
          const evaluation = await evaluateEpoch(phase, summary.epoch, options, program, context).catch(async (error) => {
            if (error instanceof Interrupted) await save(ended);
            throw error;
          });
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
          await save(next);
          if (next.epoch < options.epochs) bar = begin(next.epoch);
        },
        onStop: save,
      },
      meta.position,
    );
    if (!finished) throw new Interrupted(`stopped in ${whereabouts(phase, meta.position, options.epochs, stepsPerEpoch)}`);
    const proof = proveFrozen(meta.frozenBefore, fingerprints(program.read(frozenNames(plan))));
    refuseMoved(phase, proof);
    return { proof, best: meta.best, epochs: meta.epochs, seconds: meta.position.seconds };
  } finally {
    bar?.done();
    await loader.close();
    program.close();
  }
}

async function resume(phase: PhaseName, path: string, program: Program): Promise<PhaseMeta | undefined> {
  if (!existsSync(path)) return undefined;
  const { tensors, meta } = await readCheckpoint<PhaseMeta>(path).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    const [fault] = error.faults as [Fault, ...Fault[]];
    throw new UserError({ ...fault, mend: `remove it: the ${phase} phase then starts anew` });
  });
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

function refuseMoved(phase: PhaseName, proof: FrozenProof): void {
  if (proof.unchanged) return;
  throw new Error(`${proof.moved.length} frozen variables moved in the ${phase} phase: ${proof.moved.join(', ')}`);
}

function flat({ figures, imagesPerSecond, ...rest }: EpochSummary): Record<string, unknown> {
  return { ...rest, ...figures, images_per_second: imagesPerSecond };
}
