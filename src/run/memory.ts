/** The memory that a recipe's phases will take, and whether this machine has it. */
import { totalmem } from 'node:os';
import type { Fault } from '../errors.js';
import type { Network } from '../network/network.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import { foreseenMemory, largestBatch, type MemoryOptions } from '../transfer/memory.js';
import type { PhasePlan } from '../transfer/plan.js';
import { FEATURE_BATCH } from './pixel-source.js';

const GIB = 2 ** 30;
/** A forecast may be so much too high before a phase is refused for it. */
const DOUBT = 1.15;

/** Bytes that a phase takes at its peak, as foreseen. */
export function phaseMemory(recipe: Recipe, network: Network, plan: PhasePlan): number {
  return Math.max(
    ...[plan, ...plan.thaw.map((thaw) => thaw.plan)].map((one) => foreseenMemory(network, one, optionsOf(recipe, plan))),
  );
}

/** Why a phase would not fit into memory, and the batch that would; null where it fits. */
export function memoryFault(recipe: Recipe, network: Network, plan: PhasePlan, limit = machineMemory()): Fault | null {
  const foreseen = phaseMemory(recipe, network, plan);
  if (foreseen <= DOUBT * limit) return null;
  const options = optionsOf(recipe, plan);
  const fits = Math.min(
    ...[plan, ...plan.thaw.map((thaw) => thaw.plan)].map((one) => largestBatch(network, one, options, limit)),
  );
  const { triplet } = recipe;
  const mend =
    plan.phase === 'classification' || triplet === null
      ? `--set classification.batch=${fits}`
      : `--set triplet.classesPerBatch=${Math.max(2, Math.floor(fits / triplet.imagesPerClass))}`;
  return {
    what: `the ${plan.phase} phase takes more memory than this machine has`,
    where: plan.phase === 'classification' ? 'classification.batch' : 'triplet.classesPerBatch',
    expected: `at most ${(limit / GIB).toFixed(1)} GiB`,
    found: `about ${(foreseen / GIB).toFixed(1)} GiB for ${options.batch} images of ${recipe.data.side} pixels`,
    mend: fits >= 2 ? mend : 'freeze more of the network, or --set data.side to fewer pixels',
  };
}

/** Of the container, where there is a limit, else of the machine. */
function machineMemory(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

function optionsOf(recipe: Recipe, plan: PhasePlan): MemoryOptions {
  const { classification, triplet, data, precision } = recipe;
  const rates = recipe[plan.phase] as PhaseRates;
  const batch =
    plan.phase === 'classification'
      ? (classification?.batch ?? 0)
      : (triplet?.classesPerBatch ?? 0) * (triplet?.imagesPerClass ?? 0);
  const { optimizer } = rates;
  const kept = optimizer.name === 'sgd' ? Math.min(1, Math.ceil(optimizer.momentum)) : 2;
  return {
    batch,
    featureBatch: FEATURE_BATCH,
    side: data.side,
    bytes: precision === 'bf16' ? 2 : 4,
    slots: kept + (rates.ema === null ? 0 : 1),
  };
}
