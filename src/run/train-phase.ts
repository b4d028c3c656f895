import { createLoader } from '../data/loader.js';
import { deriveSeed } from '../data/random.js';
import type { Head } from '../heads/head.js';
import type { PhaseRates } from '../recipe/schema.js';
import { Collapsed } from '../train/collapse.js';
import { type FrozenProof, fingerprints, frozenNames, proveFrozen } from '../train/frozen-proof.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import type { Weights } from '../train/trainer.js';
import type { PhaseName } from '../transfer/plan.js';
import { answerCollapse, type Restart, rateFactor, restartInWords } from './collapse-answer.js';
import type { PhaseRecord } from './journal.js';
import { type PhaseSetup, trainSegment } from './phase-attempt.js';
import { batchesOf, viewsOf } from './phase-batches.js';
import { FRESH, type PhaseState, readPhase, writeRestart } from './phase-checkpoint.js';
import type { PhaseContext } from './phase-context.js';
import { type Segment, segmentsOf } from './phase-segments.js';

/**
 * Trains one phase, from its start or from the checkpoint that an interrupted call left, and writes its best weights
 * (by its figure on the validation part; without one, the last). Where the network collapses, the phase ends or begins anew, as
 * the recipe says.
 * @throws Interrupted after the checkpoint is written, where the person asked to stop
 */
export async function trainPhase(phase: PhaseName, weights: Weights, head: Head, context: PhaseContext): Promise<PhaseRecord> {
  const { bench, folder, progress } = context;
  const { recipe } = bench;
  const options = recipe[phase] as PhaseRates;
  const seed = deriveSeed(recipe.seed, phase);
  const loader = createLoader(bench.decoded, {
    ...viewsOf(phase, recipe, seed),
    workers: recipe.data.workers,
    // While a call runs, the batches of the next are made.
    ...(recipe.stepsPerCall > 1 && { prefetch: 2 * recipe.stepsPerCall }),
    progress,
  });
  const values = { ...weights, [HEAD_KERNEL]: head.kernel, [HEAD_BIAS]: head.bias };
  const shared = { phase, options, seed, epochBatches: batchesOf(phase, bench, seed), loader, context, start: values };
  const start = (restarts: Restart[]): PhaseState => ({ values, meta: { ...FRESH, phase, restarts } });
  try {
    let state = (await readPhase(phase, folder)) ?? start([]);
    for (;;) {
      // What a killed call logged after its last checkpoint comes again, and so does what led to a collapse.
      const { epochs, restarts } = state.meta;
      await folder.keepLogged((line) => line.phase !== phase || Number(line.epoch) <= epochs.length);
      const segments = segmentsOf(phase, bench, restarts);
      try {
        return await trainSegments(segments, { ...shared, frozen: frozenNames(segments[0]?.plan as Segment['plan']) }, state);
      } catch (error) {
        if (!(error instanceof Collapsed)) throw error;
        const restart = answerCollapse(phase, error.collapse, options, restarts);
        state = start([...restarts, restart]);
        progress.line(restartInWords(phase, restart, options.rate * rateFactor(state.meta.restarts)));
        await writeRestart(folder, state, segments[0]?.plan as Segment['plan']);
      }
    }
  } finally {
    await loader.close();
  }
}

async function trainSegments(segments: readonly Segment[], setup: PhaseSetup, from: PhaseState): Promise<PhaseRecord> {
  let state = from;
  // The last one is opened also where all its epochs are done: the proof is read from a session.
  for (const [index, segment] of segments.entries())
    if ((state.meta.early === null && state.meta.position.epoch < segment.to) || index === segments.length - 1)
      state = await trainSegment(segment, setup, state);
  const { values, meta } = state;
  const throughout = frozenThroughout(segments);
  const pick = <T>(of: Readonly<Record<string, T>>) => Object.fromEntries(throughout.map((name) => [name, of[name] as T]));
  const whole = proveFrozen(pick(meta.frozenBefore), fingerprints(pick(values)));
  const thaws = segments.some(({ thawed }) => thawed.length > 0);
  const proof = thaws ? { ...whole, segments: meta.proofs } : whole;
  refuseMoved(setup.phase, proof);
  return {
    proof,
    best: meta.best,
    epochs: meta.epochs,
    seconds: meta.position.seconds,
    restarts: meta.restarts,
    early: meta.early,
    rendered: meta.rendered,
  };
}

/** Names of what no segment of a phase moves. */
function frozenThroughout(segments: readonly Segment[]): string[] {
  const [first, ...others] = segments.map(({ plan }) => frozenNames(plan));
  return (first ?? []).filter((name) => others.every((names) => names.includes(name)));
}

function refuseMoved(phase: PhaseName, proof: FrozenProof): void {
  const moved = [...new Set([proof, ...(proof.segments ?? [])].flatMap((part) => part.moved))];
  if (moved.length === 0) return;
  throw new Error(`${moved.length} frozen variables moved in the ${phase} phase: ${moved.join(', ')}`);
}
