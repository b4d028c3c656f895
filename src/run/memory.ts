/** The memory that a recipe's phases will take, and whether this machine has it. */
import { totalmem } from 'node:os';
import type { Fault } from '../errors.js';
import type { Network } from '../network/network.js';
import { createOptimizer } from '../optimizers/registry.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import { FEATURE_BATCH } from '../train/batch-search.js';
import { foreseenMemory, largestBatch, type MemoryOptions } from '../transfer/memory.js';
import type { PhasePlan } from '../transfer/plan.js';

const GIB = 2 ** 30;
/** A forecast may be so much too high before a phase is refused for it. */
const DOUBT = 1.15;

/** Bytes that a phase takes at its peak, as foreseen. */
export function phaseMemory(recipe: Recipe, network: Network, plan: PhasePlan): number {
  const options = optionsOf(recipe, plan);
  return Math.max(...plansIn(plan).map((one) => foreseenMemory(network, one, options)));
}

/** Why a phase would not fit into memory, and the batch that would; null where it fits. */
export function memoryFault(recipe: Recipe, network: Network, plan: PhasePlan, limit = machineMemory()): Fault | null {
  const foreseen = phaseMemory(recipe, network, plan);
  if (foreseen <= DOUBT * limit) return null;
  const options = optionsOf(recipe, plan);
  const fits = Math.min(...plansIn(plan).map((one) => largestBatch(network, one, options, limit)));
  const { key, imagesEach } = batchOf(recipe, plan);
  const rematerialised: Recipe = { ...recipe, checkpoint: 'stage' };
  return {
    what: `the ${plan.phase} phase takes more memory than this machine has`,
    where: key,
    expected: `at most ${(limit / GIB).toFixed(1)} GiB`,
    found: `about ${(foreseen / GIB).toFixed(1)} GiB for ${options.batch} images of ${recipe.data.side} pixels`,
    mend: [
      ...(phaseMemory(rematerialised, network, plan) <= limit ? ['--set checkpoint=stage, which is slower'] : []),
      fits >= 2
        ? `--set ${key}=${imagesEach === 1 ? fits : Math.max(2, Math.floor(fits / imagesEach))}`
        : 'freeze more of the network, or --set data.side to fewer pixels',
    ].join('; or '),
  };
}

/** The plan that a phase begins with, and those of its thaws. */
function plansIn(plan: PhasePlan): PhasePlan[] {
  return [plan, ...plan.thaw.map((thaw) => thaw.plan)];
}

/** The key that says how many images a batch of a phase has, its value, and the images that each of it stands for. */
function batchOf({ classification, triplet }: Recipe, { phase }: PhasePlan): { key: string; count: number; imagesEach: number } {
  switch (phase) {
    case 'classification':
      return { key: 'classification.batch', count: classification?.batch ?? 0, imagesEach: 1 };
    case 'triplet':
      return { key: 'triplet.classesPerBatch', count: triplet?.classesPerBatch ?? 0, imagesEach: triplet?.imagesPerClass ?? 0 };
  }
}

/** Of the container, where there is a limit, else of the machine. */
function machineMemory(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

function optionsOf(recipe: Recipe, plan: PhasePlan): MemoryOptions {
  const { optimizer, ema } = recipe[plan.phase] as PhaseRates;
  const { count, imagesEach } = batchOf(recipe, plan);
  return {
    batch: count * imagesEach,
    featureBatch: FEATURE_BATCH,
    side: recipe.data.side,
    bytes: recipe.precision === 'bf16' ? 2 : 4,
    slots: createOptimizer(optimizer).slots([]).length + (ema === null ? 0 : 1),
    rematerialise: recipe.checkpoint === 'stage',
  };
}
