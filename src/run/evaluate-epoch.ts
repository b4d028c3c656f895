import type { Head } from '../heads/head.js';
import type { PhaseRates } from '../recipe/schema.js';
import type { Program } from '../runtime/program.js';
import { computeFeatures } from '../train/features.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import { retrieval } from '../train/scoring.js';
import type { PhaseName } from '../transfer/plan.js';
import type { PhaseContext } from './phase-context.js';
import type { Workbench } from './workbench.js';

/** What is looked at after an epoch; null where there is nothing to look at, or the recipe does not ask. */
export interface EpochEvaluation {
  validation: number | null;
  held_out_recall_at_1: number | null;
}

/**
 * MAP@R on the validation classes, and Recall@1 on the held-out ones where the recipe asks for it in this epoch.
 * @throws Interrupted where the person asked to stop
 */
export async function evaluateEpoch(
  phase: PhaseName,
  epoch: number,
  options: PhaseRates,
  program: Program,
  { bench, source, progress, stopped }: PhaseContext,
): Promise<EpochEvaluation> {
  const head = phase === 'triplet' ? presentHead(program, bench) : null;
  const look = async (samples: Int32Array, what: string) => {
    const bar = progress.bar(`features of the ${what} images`, samples.length, 'images');
    const features = await computeFeatures(program, source, samples, bar, stopped).finally(() => bar.done());
    return retrieval(features, head);
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
