import { tripletComputation } from '../losses/variants.js';
import type { Schedule } from '../optimizers/schedule.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import { classificationObjective, tripletObjective } from '../train/objectives.js';
import type { Objective } from '../train/step.js';
import type { PhaseName } from '../transfer/plan.js';

/** What a recipe says of a phase, turned into the parts that the phase is made of. */

/** What the phase minimises. */
export function objectiveOf(phase: PhaseName, recipe: Recipe): Objective {
  switch (phase) {
    case 'classification': {
      const { dropout, labelSmoothing } = recipe.classification as NonNullable<Recipe['classification']>;
      return classificationObjective({ dropout, smoothing: labelSmoothing });
    }
    case 'triplet': {
      const { miner, margin, distance, reduction, imagesPerClass } = recipe.triplet as NonNullable<Recipe['triplet']>;
      // A class gives a batch just one group of K images.
      return tripletObjective({ ...tripletComputation(miner, distance, reduction), margin, positives: imagesPerClass - 1 });
    }
  }
}

/** The recipe counts the falls of a step schedule in epochs, the schedule in steps. */
export function scheduleInSteps(schedule: PhaseRates['schedule'], stepsPerEpoch: number): Schedule {
  return schedule.name === 'step' ? { ...schedule, every: schedule.every * stepsPerEpoch } : schedule;
}
