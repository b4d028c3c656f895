/** Finds where a step that met NaN or an infinity got it from. */

import { withoutGradient } from '../miners/without-gradient.js';
import { globalPool, type Lookup, run } from '../network/forward.js';
import { createProgram, type Engine, type StateValue } from '../runtime/program.js';
import type { Values } from '../runtime/session.js';
import { type Scalar, type Tensor, tf } from '../runtime/tensorflow.js';
import type { Signature, StepFunction } from '../runtime/trace/trace.js';
import type { PhasePlan } from '../transfer/plan.js';
import type { Entry } from './entry.js';
import { HEAD_KERNEL } from './objectives.js';
import { undivided } from './replicas.js';
import type { Objective } from './step.js';

/** The first place where numbers stop being finite. */
export interface NonFinite {
  /**
   * weights: a variable that the step started with; output: of a layer, in network order; loss: the head or the loss itself, all
   * below being finite; gradient: of a layer's weights, in the order of the backward pass, the highest layer first.
   */
  readonly kind: 'weights' | 'output' | 'loss' | 'gradient';
  readonly layer: string;
  readonly stage: string;
  readonly nan: number;
  readonly infinite: number;
  readonly size: number;
}

export interface NonFiniteOptions {
  readonly engine: Engine;
  /** Where images entered the step. */
  readonly entry: Entry;
  readonly plan: PhasePlan;
  readonly objective: Objective;
  readonly signature: Signature;
  /** Every variable of the plan as it was before the step. */
  readonly weights: Readonly<Record<string, Float32Array | Int32Array>>;
  /** What the step was fed. */
  readonly feed: Readonly<Record<string, Values>>;
}

/**
 * Runs the step's forward and backward pass once more, on its own batch and weights, and counts what is not finite in each
 * layer's output and each variable's gradient.
 * @returns null where all of it is finite: the numbers are, and a sum of their squares goes beyond float32
 */
export function findNonFinite(options: NonFiniteOptions): NonFinite | null {
  const { plan, weights, engine, signature, feed } = options;
  const place = (name: string) => {
    const { layer, stage } = plan.variables.find((variable) => variable.name === name) ?? { layer: name, stage: '' };
    return { layer, stage };
  };
  for (const { name } of plan.variables) {
    const counts = countNonFinite(weights[name] as Float32Array);
    if (counts.nan + counts.infinite > 0) return { kind: 'weights', ...place(name), ...counts };
  }
  const state: Record<string, StateValue> = Object.fromEntries(
    plan.variables.map(({ name, shape }) => [name, { shape, dtype: 'float32', values: weights[name] as Float32Array }]),
  );
  const program = createProgram(engine, state, { look: { signature: undivided(signature), fn: probe(options) } });
  try {
    const found = Object.entries(program.run('look', feed))
      .map(([output, values]) => {
        const [kind, name] = split(output);
        const [nan, infinite, size] = Array.from(values) as [number, number, number];
        return { kind, name, nan, infinite, size };
      })
      .filter(({ nan, infinite }) => nan + infinite > 0);
    const first = (kind: NonFinite['kind']) => found.find((one) => one.kind === kind);
    const from = first('output') ?? first('loss') ?? found.filter(({ kind }) => kind === 'gradient').at(-1);
    if (from === undefined) return null;
    const { kind, name, ...counts } = from;
    const layers = kind === 'output' ? plan.layers.find((layer) => layer.name === name) : undefined;
    return { kind, ...(layers === undefined ? place(name) : { layer: name, stage: layers.stage }), ...counts };
  } finally {
    program.close();
  }
}

const split = (output: string): [NonFinite['kind'], string] => {
  const slash = output.indexOf('/');
  return [output.slice(0, slash) as NonFinite['kind'], output.slice(slash + 1)];
};

function countNonFinite(values: Float32Array): { nan: number; infinite: number; size: number } {
  let nan = 0;
  let infinite = 0;
  for (const value of values) {
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
  }
  return { nan, infinite, size: values.length };
}

/** [NaN, infinities, numbers] of each layer's output, of the loss and of each trained variable's gradient, in network order. */
function probe({ entry, plan, objective }: NonFiniteOptions): StepFunction {
  const trained = plan.variables.filter((variable) => !variable.frozen && !variable.statistic);
  const moving = new Set(plan.layers.filter((layer) => layer.batchNorm === 'train').map((layer) => layer.name));
  return (inputs, state) => {
    const outputs: Record<string, Tensor> = {};
    const loss = (...values: Tensor[]): Scalar => {
      const present = new Map(trained.map(({ name }, index) => [name, values[index] as Tensor]));
      const variable: Lookup = (name) => present.get(name) ?? (state[name] as Tensor);
      const { output } = run(entry.network, entry.map(inputs), variable, {
        trainStatistics: (layer) => moving.has(layer.name),
        onOutput: (layer, value) => {
          outputs[`output/${layer.name}`] = tf.keep(counts(value));
        },
      });
      return objective(globalPool(output), variable, inputs).loss;
    };
    const { value, grads } = tf.valueAndGrads(loss)(trained.map(({ name }) => state[name] as Tensor));
    outputs[`loss/${HEAD_KERNEL}`] = counts(value);
    for (const [index, { name }] of trained.entries()) outputs[`gradient/${name}`] = counts(grads[index] as Tensor);
    return { outputs };
  };
}

function counts(values: Tensor): Tensor {
  const total = (test: Tensor): Scalar => tf.sum(tf.cast(test, 'float32'));
  return withoutGradient(() => tf.stack([total(tf.isNaN(values)), total(tf.isInf(values)), tf.scalar(values.size)]));
}
