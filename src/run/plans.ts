import { type Fault, UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Recipe } from '../recipe/schema.js';
import { throwFaults } from '../transfer/freeze.js';
import { denseHead, type PhasePlan } from '../transfer/plan.js';
import { planThaw } from '../transfer/thaw.js';

/**
 * The plan of every phase of a recipe. All faults of all phases at once. `classes` is the width of the classifier; null where
 * the images are not known yet: its head then counts no parameters.
 */
export function planPhases(recipe: Recipe, network: Network, classes: number | null): PhasePlan[] {
  const plans: PhasePlan[] = [];
  const faults: Fault[] = [];
  const attempt = (plan: () => PhasePlan) => {
    try {
      plans.push(plan());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(...error.faults);
    }
  };
  const { classification, triplet } = recipe;
  const { side } = recipe.data;
  if (classification !== null)
    attempt(() => planThaw(network, denseHead(network.features, classes ?? 0), 'classification', classification, side));
  if (triplet !== null)
    attempt(() => planThaw(network, denseHead(network.features, recipe.head.dimensions), 'triplet', triplet, side));
  throwFaults(faults);
  return plans;
}
