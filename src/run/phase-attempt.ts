import type { Loader } from '../data/loader.js';
import { coverageOf } from '../data/samplers-coverage.js';
import { Interrupted } from '../errors.js';
import { createOptimizer } from '../optimizers/registry.js';
import { scheduleFactor } from '../optimizers/schedule.js';
import { type Bar, during } from '../progress.js';
import type { PhaseRates } from '../recipe/schema.js';
import { writeCheckpoint } from '../runtime/checkpoint.js';
import { FEATURE_BATCH } from '../train/batch-search.js';
import { Collapsed, collapsedEpoch } from '../train/collapse.js';
import { fingerprints, frozenNames, proveSegment } from '../train/frozen-proof.js';
import { findNonFinite } from '../train/non-finite.js';
import { type EpochSummary, type Position, runPhase } from '../train/phase.js';
import { createTrainer, type Weights, withRows } from '../train/trainer.js';
import type { PhaseName } from '../transfer/plan.js';
import { rateFactor } from './collapse-answer.js';
import { devicesOf } from './devices.js';
import { evaluateEpoch } from './evaluate-epoch.js';
import { fallenRank } from './fallen-rank.js';
import { openFrozenMaps } from './frozen-maps.js';
import { notFiniteError } from './not-finite-words.js';
import { plansOf } from './phase-batches.js';
import { lastCheckpoint, type PhaseMeta, type PhaseState, phaseWeights, storedTensors } from './phase-checkpoint.js';
import type { PhaseContext } from './phase-context.js';
import { scheduleInSteps } from './phase-parts.js';
import type { Segment } from './phase-segments.js';
import { phaseSupply } from './phase-supply.js';
import { epochLine, figuresInWords, label, thawLine, whereabouts } from './phase-words.js';
import { precisionOf } from './precision.js';
import { sayCompiling } from './xla-words.js';

/** What the segments of a phase share. */
export interface PhaseSetup {
  readonly phase: PhaseName;
  readonly options: PhaseRates;
  readonly seed: number;
  readonly epochBatches: (epoch: number) => Int32Array[];
  readonly loader: Loader;
  readonly context: PhaseContext;
  /** What the phase began with. */
  readonly start: Weights;
  /** Names of what is frozen at the start: no later segment freezes more. */
  readonly frozen: readonly string[];
}

/** Between two checkpoints inside an epoch: what a kill costs at most. */
const SAVE_EVERY = 5 * 60_000;

/**
 * Trains the epochs of one segment that are still to do, from a state to the next, with a checkpoint after each epoch and every
 * few minutes. Slots that the state does not hold (of variables that were frozen until now) start at 0, and so does Adam's count
 * of their updates.
 * @throws Interrupted after the checkpoint is written; Collapsed; UserError where numbers are not finite
 */
export async function trainSegment(segment: Segment, setup: PhaseSetup, state: PhaseState): Promise<PhaseState> {
  const { phase, options, seed, epochBatches, loader, context } = setup;
  const { bench, folder, progress, source } = context;
  const { recipe, network } = bench;
  const { plan, objective, watch } = segment;
  const meta: PhaseMeta = { ...state.meta, epochs: [...state.meta.epochs], trainedFrom: { ...state.meta.trainedFrom } };
  for (const name of segment.thawed) meta.trainedFrom[name] ??= meta.position.updates;
  const optimizer = createOptimizer(options.optimizer);
  const batches = epochBatches(0);
  const mixed = phase === 'classification' && recipe.classification?.mix != null;
  const maps = openFrozenMaps(bench, {
    plan,
    weights: state.values,
    source,
    loader: mixed ? null : loader,
    progress,
    folder: context.mapsFolder,
  });
  const { freeOnCard: free } = context;
  const atStart = meta.position.epoch === segment.from && meta.position.stepOfEpoch === 0;
  const was = atStart ? null : (meta.rendered.at(-1)?.on ?? 'host');
  const supply = phaseSupply(bench, maps, { phase, plan, seed, loader, source, free, was, progress });
  const { tables, entries, rendered } = supply;
  if (meta.rendered.at(-1)?.on !== rendered) meta.rendered = [...meta.rendered, { epoch: meta.position.epoch + 1, on: rendered }];
  const { program, judged, names, signature } = during(`building the graphs of the ${phase} phase`, progress, () =>
    createTrainer({
      engine: recipe.engine,
      network,
      plan,
      optimizer,
      clipNorm: options.clipNorm,
      trainedFrom: meta.trainedFrom,
      ema: options.ema,
      objective,
      weights: state.values,
      batch: (batches[0] as Int32Array).length,
      featureBatch: FEATURE_BATCH,
      side: recipe.data.side,
      entries,
      precision: precisionOf(recipe),
      devices: devicesOf(recipe),
      rematerialise: recipe.checkpoint === 'stage',
      xla: recipe.xla,
      inOneCall: recipe.stepsPerCall > 1,
      mixed,
      tables,
    }),
  );
  const supplied = supply.for(program);
  const looking = { ...context, source: supplied.source };
  const plans = plansOf(recipe, epochBatches);
  const stepsPerEpoch = batches.length;
  const factor = options.rate * rateFactor(meta.restarts);
  const total = options.epochs * stepsPerEpoch;
  const rateAt = (step: number) => factor * scheduleFactor(step, total, scheduleInSteps(options.schedule, stepsPerEpoch));
  let saved = context.now();
  const save = async (position: Position) => {
    meta.position = position;
    await writeCheckpoint<PhaseMeta>(lastCheckpoint(folder), {
      tensors: storedTensors(program, names.all, plan, optimizer),
      meta,
    });
    saved = context.now();
  };
  const proofOf = ({ from }: Segment, to: number) =>
    proveSegment({ from: from + 1, to }, meta.frozenBefore, fingerprints(program.read(frozenNames(plan))));
  let bar: Bar | undefined;
  const begin = (epoch: number) => {
    if (epoch < options.epochs) bar = progress.bar(label(phase, epoch, options.epochs), stepsPerEpoch, 'steps');
  };
  const onEpoch = async (summary: EpochSummary, next: Position, ended: Position) => {
    bar?.done();
    const evaluation = await evaluateEpoch(phase, summary.epoch, options, judged, looking).catch(async (error) => {
      if (error instanceof Interrupted) await save(ended);
      throw error;
    });
    const rank = await fallenRank(phase, evaluation.effective_rank, setup.start, context);
    const collapse = collapsedEpoch(summary, rank, watch);
    if (collapse !== null) throw new Collapsed({ ...collapse, steps: summary.steps, epoch: summary.epoch, step: ended.step });
    meta.epochs.push(summary);
    // Without validation nothing can be compared: the last epoch is the one.
    const { validation } = evaluation;
    const better = validation === null || meta.best.validation === null || validation > meta.best.validation;
    if (better) {
      meta.best = { epoch: summary.epoch, validation };
      const tensors = storedTensors(judged, names.variables, plan, optimizer);
      await writeCheckpoint(phaseWeights(folder, phase), { tensors, meta: meta.best });
    }
    const coverage = coverageOf(epochBatches(summary.epoch - 1), bench.split.train.samples);
    await folder.log({ phase, ...flat(summary), ...evaluation, coverage, best_so_far: better });
    progress.line(epochLine(phase, summary, options.epochs, { ...evaluation, coverage }, bench));
    meta.early = endsEarly(options, meta, summary.epoch);
    if (meta.early !== null) progress.line(`${phase}: ${meta.early}`);
    if (next.epoch === segment.to || meta.early !== null) meta.proofs = [...meta.proofs, proofOf(segment, summary.epoch)];
    await save(next);
    if (next.epoch < segment.to && meta.early === null) begin(next.epoch);
  };
  try {
    const slots = names.all.filter((name) => !names.variables.includes(name) && state.values[name] !== undefined);
    program.write(Object.fromEntries(slots.map((name) => [name, state.values[name] as Float32Array])));
    if (meta.position.step === 0) meta.frozenBefore = fingerprints(program.read(setup.frozen));
    if (segment.thawed.length > 0 && atStart) progress.line(thawLine(phase, segment.from + 1, plan, segment.thawed));
    if (meta.early === null) begin(meta.position.epoch);
    bar?.advance(meta.position.stepOfEpoch);
    const steps = meta.early === null && meta.position.epoch < segment.to;
    const compiled = recipe.xla && steps ? sayCompiling(phase, progress, context.now) : () => {};
    const finished = await runPhase(
      {
        name: phase,
        program,
        stepsPerCall: recipe.stepsPerCall,
        epochs: segment.to,
        stepsPerEpoch,
        now: context.now,
        stopped: context.stopped,
        seed: seed & 0x7fffffff,
        batches: (epoch, fromStep) => supplied.batches(plans(epoch, fromStep)),
        labelOf: phase === 'classification' ? (sample) => bench.classifierLabels.get(sample) as number : source.labelOf,
        rateAt,
        watch,
        onStep(_, figures) {
          compiled();
          bar?.advance(1, figuresInWords(phase, figures, bench));
        },
        async onCall(position) {
          if (context.now() - saved >= (context.saveEvery ?? SAVE_EVERY)) await save(position);
        },
        onNotFinite({ epoch, step }, fed, { loss }) {
          bar?.done();
          const feed = withRows(program, signature, fed);
          const weights = program.read(names.variables);
          const found = findNonFinite({ engine: recipe.engine, entry: entries.step, plan, objective, signature, weights, feed });
          const kept = meta.best.epoch === 0 ? null : `epoch ${meta.best.epoch} are in ${phaseWeights(folder, phase)}`;
          const place = { epoch: epoch + 1, step: step + 1, stepsPerEpoch, rate: factor };
          throw notFiniteError(phase, place, loss as number, found, kept);
        },
        over: () => meta.early !== null,
        onEpoch,
        onStop: save,
      },
      meta.position,
    );
    if (!finished) throw new Interrupted(`stopped in ${whereabouts(phase, meta.position, options.epochs, stepsPerEpoch)}`);
    return { values: program.read(names.all) as Record<string, Float32Array>, meta };
  } finally {
    bar?.done();
    program.close();
    maps?.close();
  }
}

/**
 * Why a phase ends after this epoch, in words; null where it goes on. The count begins anew with the last thaw: what stands still
 * with little of the network trained may rise with more.
 */
function endsEarly({ patience, epochs, thaw }: PhaseRates, { best }: PhaseMeta, epoch: number): string | null {
  if (patience === null || best.validation === null || epoch >= epochs) return null;
  const from = Math.max(best.epoch, (thaw.at(-1)?.epoch ?? 1) - 1);
  if (epoch - from < patience) return null;
  const since = patience === 1 ? 'an epoch' : `${patience} epochs`;
  return `ended after epoch ${epoch} of ${epochs}: no better validation figure for ${since} (best: epoch ${best.epoch}, ${best.validation.toFixed(3)})`;
}

function flat({ figures, imagesPerSecond, ...rest }: EpochSummary): Record<string, unknown> {
  return { ...rest, ...figures, images_per_second: imagesPerSecond };
}
