import { tripletComputation } from '../losses/variants.js';
import type { Recipe } from '../recipe/schema.js';
import type { CollapseWatch } from '../train/collapse.js';
import type { PhaseName } from '../transfer/plan.js';

/** By which figures a collapse of a phase is recognised. */
export function watchOf(phase: PhaseName, recipe: Recipe, classes: number): CollapseWatch {
  switch (phase) {
    case 'classification':
      return { margin: null, distance: 'euclidean', classes };
    case 'triplet': {
      const { margin, miner, distance, reduction } = recipe.triplet as NonNullable<Recipe['triplet']>;
      return { margin, distance: tripletComputation(miner, distance, reduction).distance, classes: null };
    }
  }
}
