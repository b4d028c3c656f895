import type { DecodedDataset } from '../data/pixel-cache.js';
import type { Split } from '../data/split.js';
import type { Fault } from '../errors.js';
import type { Recipe } from '../recipe/schema.js';
import type { PhaseName } from '../transfer/plan.js';

/** What the validation figure of a phase is: retrieval, or where the classifier knows the classes, its accuracy. */
export type Measure = 'map_at_r' | 'accuracy';

/** By what the epochs of a phase are judged. */
export function measureOf(phase: PhaseName, { split }: { split: Split }): Measure {
  return phase === 'classification' && split.kind === 'closed' ? 'accuracy' : 'map_at_r';
}

/** Patience counts epochs without a better one, so each must have a figure. */
export function patienceFault(phase: PhaseName, recipe: Recipe, bench: { split: Split; decoded: DecodedDataset }): Fault | null {
  const { samples } = bench.split.validation;
  const classes = samples.map((sample) => bench.decoded.dataset.samples[sample]?.class as number);
  // MAP@R is a mean over queries that have another image of their class to find.
  const judged = measureOf(phase, bench) === 'accuracy' ? samples.length > 0 : new Set(classes).size < samples.length;
  if (judged) return null;
  const empty = samples.length === 0;
  return {
    what: `without validation ${empty ? 'images' : 'classes of two images or more'} nothing says whether an epoch is better`,
    where: `${phase}.patience`,
    expected: 'null, or images kept for choosing',
    found: `${recipe[phase]?.patience}, ${empty ? `data.validation ${recipe.data.validation}` : `${samples.length} validation images, each the only one of its class`}`,
    mend: `--set ${empty ? 'data.validation=0.1' : 'data.validation=0.3'}, or --set ${phase}.patience=null`,
  };
}
