import type { Recipe } from '../recipe/schema.js';
import type { CollapseWatch } from '../train/collapse.js';
import type { Objective } from '../train/step.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { type Restart, startsEasy } from './collapse-answer.js';
import { objectiveOf } from './phase-parts.js';
import { watchOf } from './watch.js';
import type { Workbench } from './workbench.js';

/** Some epochs of a phase that are trained by one graph: what is frozen and what is minimised do not change in them. */
export interface Segment {
  /** The first epoch, from 0, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  readonly plan: PhasePlan;
  readonly objective: Objective;
  readonly watch: CollapseWatch;
}

/** The segments of a phase, in order and without a gap. After a restart with batch-easy the first epoch is one of its own. */
export function segmentsOf(phase: PhaseName, { recipe, plans, split }: Workbench, restarts: readonly Restart[]): Segment[] {
  const plan = plans.get(phase) as PhasePlan;
  const classes = split.train.classes.length;
  const epochs = recipe[phase]?.epochs as number;
  const segment = (from: number, to: number, by: Recipe): Segment => ({
    from,
    to,
    plan,
    objective: objectiveOf(phase, by),
    watch: watchOf(phase, by, classes),
  });
  if (recipe.triplet === null || !startsEasy(restarts)) return [segment(0, epochs, recipe)];
  const easy: Recipe = { ...recipe, triplet: { ...recipe.triplet, miner: 'batch-easy' } };
  return [segment(0, 1, easy), ...(epochs > 1 ? [segment(1, epochs, recipe)] : [])];
}
