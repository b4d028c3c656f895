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
  /** Names of the variables that begin to be trained with this segment; none in the first. */
  readonly thawed: readonly string[];
  readonly objective: Objective;
  readonly watch: CollapseWatch;
}

/**
 * The segments of a phase, in order and without a gap: one begins where something thaws. After a restart with batch-easy the first
 * epoch is one of its own.
 */
export function segmentsOf(phase: PhaseName, { recipe, plans, split }: Workbench, restarts: readonly Restart[]): Segment[] {
  const first = plans.get(phase) as PhasePlan;
  const classes = split.train.classes.length;
  const epochs = recipe[phase]?.epochs as number;
  const easy: Recipe | null =
    recipe.triplet !== null && startsEasy(restarts) ? { ...recipe, triplet: { ...recipe.triplet, miner: 'batch-easy' } } : null;
  const begins = [0, ...(easy === null ? [] : [1]), ...first.thaw.map(({ epoch }) => epoch - 1), epochs];
  const cuts = [...new Set(begins)].sort((a, b) => a - b);
  let before: PhasePlan | undefined;
  return cuts.slice(0, -1).map((from, index): Segment => {
    const plan = first.thaw.findLast(({ epoch }) => epoch - 1 <= from)?.plan ?? first;
    const by = easy !== null && from === 0 ? easy : recipe;
    const thawed = before === undefined ? [] : newlyTrained(plan, before);
    before = plan;
    return {
      from,
      to: cuts[index + 1] as number,
      plan,
      thawed,
      objective: objectiveOf(phase, by),
      watch: watchOf(phase, by, classes),
    };
  });
}

function newlyTrained(plan: PhasePlan, before: PhasePlan): string[] {
  const trained = (of: PhasePlan) =>
    of.variables.filter(({ frozen, statistic }) => !frozen && !statistic).map(({ name }) => name);
  const already = new Set(trained(before));
  return trained(plan).filter((name) => !already.has(name));
}
