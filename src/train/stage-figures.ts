/** How strongly each stage of the network is pulled, and how far it moves. */
import { squareSum } from '../runtime/ops/square-sum.js';
import { type Scalar, type Tensor, tf } from '../runtime/tensorflow.js';
import type { PlannedVariable } from '../transfer/plan.js';

export interface StageFigures {
  /** `√Σ‖g‖²` over the stage's trained variables, before clipping. */
  readonly gradient_norm: number;
  /** `‖Δw‖ / ‖w‖` of one step; 1e-3 is a usual value, far above it the weights are thrown about, far below they stand still. */
  readonly update_ratio: number;
}

const PREFIX = 'stages/';
const NAMES = ['gradient_norm', 'update_ratio'] as const;

/** Whether an output of a step tells of a stage: these cost passes over all weights and are wanted now and then only. */
export function isStageFigure(output: string): boolean {
  return output.startsWith(PREFIX);
}

/** The figures of every stage that has trained variables, as scalars of the graph: `stages/conv4/gradient_norm`, …. */
export function stageFigures(
  trained: readonly PlannedVariable[],
  values: {
    readonly gradients: Readonly<Record<string, Tensor>>;
    readonly before: (name: string) => Tensor;
    readonly after: Readonly<Record<string, Tensor>>;
  },
): Record<string, Scalar> {
  const figures: Record<string, Scalar> = {};
  for (const stage of new Set(trained.map((variable) => variable.stage))) {
    const names = trained.filter((variable) => variable.stage === stage).map(({ name }) => name);
    const norm = (of: (name: string) => Tensor): Scalar =>
      tf.sqrt(names.map((name) => squareSum(of(name))).reduce((sum, one) => tf.add(sum, one)));
    const moved = norm((name) => tf.sub(values.after[name] as Tensor, values.before(name)));
    figures[`${PREFIX}${stage}/gradient_norm`] = norm((name) => values.gradients[name] as Tensor);
    // Weights that are all 0 have no length to compare with.
    figures[`${PREFIX}${stage}/update_ratio`] = tf.div(moved, tf.maximum(norm(values.before), 1e-12));
  }
  return figures;
}

/** The same figures by stage, read from the outputs of a step or from their means over an epoch. */
export function byStage(figures: Readonly<Record<string, number>>): Record<string, StageFigures> {
  const stages: Record<string, Partial<Record<(typeof NAMES)[number], number>>> = {};
  for (const [output, value] of Object.entries(figures)) {
    if (!isStageFigure(output)) continue;
    const slash = output.lastIndexOf('/');
    const stage = output.slice(PREFIX.length, slash);
    stages[stage] = { ...stages[stage], [output.slice(slash + 1)]: value };
  }
  return stages as Record<string, StageFigures>;
}
