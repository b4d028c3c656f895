import { LEAST_RANK } from '../train/collapse.js';
import { embeddingFigures } from '../train/embedding-figures.js';
import { computeFeatures } from '../train/features.js';
import { openForward } from '../train/forward.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import { embeddings } from '../train/scoring.js';
import type { Weights } from '../train/trainer.js';
import type { PhaseName } from '../transfer/plan.js';
import { CLASSES_TO_TELL, lookedAt } from './evaluate-epoch.js';
import type { PhaseContext } from './phase-context.js';

/** What of the rank above 1 has to be lost, at least, for a low one to be the phase's doing. */
const LOST = 0.75;

/**
 * The effective rank of an epoch where it tells of a collapse, else null: there are classes enough, and it was higher. Images that hardly differ (X-rays, parts on a belt)
 * have embeddings near one line from the start, and that is none: so where the rank is low, it is compared with that of the same
 * images by the weights that the phase began with. They are looked at in this rare case alone.
 */
export async function fallenRank(phase: PhaseName, rank: number, start: Weights, context: PhaseContext): Promise<number | null> {
  const { bench, source } = context;
  const samples = lookedAt(bench);
  if (rank >= LEAST_RANK || new Set(Array.from(samples, source.labelOf)).size < CLASSES_TO_TELL) return null;
  const { recipe, network } = bench;
  const { engine, data } = recipe;
  const forward = openForward({ engine, network, weights: start, side: data.side, most: samples.length });
  try {
    const features = await computeFeatures(forward, source, samples);
    const [kernel, bias] = [start[HEAD_KERNEL] as Float32Array, start[HEAD_BIAS] as Float32Array];
    const head = phase === 'triplet' ? { kernel, bias, inputs: network.features, outputs: bias.length } : null;
    const { values, dimensions } = embeddings(features, head);
    const before = embeddingFigures(values, dimensions, features.labels).effective_rank;
    return rank - 1 < (1 - LOST) * (before - 1) ? rank : null;
  } finally {
    forward.close();
  }
}
