import { pkBatches, shuffledBatches } from '../data/samplers.js';
import { denseLabels } from '../data/split.js';
import { tripletComputation } from '../losses/variants.js';
import type { Schedule } from '../optimizers/schedule.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import { classificationObjective, tripletObjective } from '../train/objectives.js';
import type { Objective } from '../train/step.js';
import type { PhaseName } from '../transfer/plan.js';
import type { Workbench } from './workbench.js';

/** What a recipe says of a phase, turned into the parts that the phase is made of. */

/** The batches of an epoch (samples by index), a pure function of seed and epoch. */
export function batchesOf(
  phase: PhaseName,
  { recipe, split, decoded }: Workbench,
  seed: number,
): (epoch: number) => Int32Array[] {
  const { samples } = split.train;
  switch (phase) {
    case 'classification': {
      const { batch } = recipe.classification as NonNullable<Recipe['classification']>;
      return (epoch) => shuffledBatches(samples, batch, seed, epoch);
    }
    case 'triplet': {
      const { classesPerBatch, imagesPerClass } = recipe.triplet as NonNullable<Recipe['triplet']>;
      const labels = denseLabels(decoded.dataset, split.train);
      return (epoch) => pkBatches(samples, labels, classesPerBatch, imagesPerClass, seed, epoch);
    }
  }
}

/** What the phase minimises. */
export function objectiveOf(phase: PhaseName, recipe: Recipe): Objective {
  switch (phase) {
    case 'classification': {
      const { dropout, labelSmoothing } = recipe.classification as NonNullable<Recipe['classification']>;
      return classificationObjective({ dropout, smoothing: labelSmoothing });
    }
    case 'triplet': {
      const { miner, margin, distance, reduction } = recipe.triplet as NonNullable<Recipe['triplet']>;
      return tripletObjective({ ...tripletComputation(miner, distance, reduction), margin });
    }
  }
}

/** The recipe counts the falls of a step schedule in epochs, the schedule in steps. */
export function scheduleInSteps(schedule: PhaseRates['schedule'], stepsPerEpoch: number): Schedule {
  return schedule.name === 'step' ? { ...schedule, every: schedule.every * stepsPerEpoch } : schedule;
}
