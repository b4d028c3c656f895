import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { fasterPrecision } from '../runtime/faster-precision.js';
import type { Precision } from '../runtime/program.js';

/** The recipe with `precision: auto` decided on this machine, so that a run writes down, and goes on with, what it computed in. */
export function withPrecision(recipe: Recipe, progress: Progress): Recipe {
  const precision = recipe.engine === 'eager' && recipe.precision === 'auto' ? 'fp32' : decided(recipe.precision, progress);
  return { ...recipe, precision };
}

/** `auto`: whichever this machine is faster in. */
export function decided(asked: Recipe['precision'], progress: Progress): Precision {
  if (asked !== 'auto') return asked;
  const precision = fasterPrecision();
  progress.line(`precision: ${precision} is ${precision === 'fp32' ? 'as fast as anything' : 'faster'} on this machine`);
  return precision;
}

/** In what convolutions compute. @throws Error where that was not decided */
export function precisionOf({ precision }: Recipe): Precision {
  if (precision === 'auto') throw new Error('the precision was not decided');
  return precision;
}
