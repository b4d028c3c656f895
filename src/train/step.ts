import { globalPool, type Lookup, run } from '../network/forward.js';
import type { BatchNormLayer } from '../network/network.js';
import { runRematerialised } from '../network/rematerialise.js';
import { clipByGlobalNorm } from '../optimizers/clip.js';
import { onlyIf } from '../optimizers/only-if.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { halfSquareSum } from '../runtime/ops/square-sum.js';
import { type Scalar, type Tensor, type Tensor2D, tf } from '../runtime/tensorflow.js';
import type { Signature, StepFunction, Tensors } from '../runtime/trace/trace.js';
import type { PhasePlan } from '../transfer/plan.js';
import { averagedNames, averageName, movedAverage } from './averages.js';
import type { Entry } from './entry.js';
import { featureSpread } from './feature-spread.js';
import { stageFigures } from './stage-figures.js';

/** What a phase minimises, from the pooled features [N, C] of a batch. */
export type Objective = (
  pooled: Tensor2D,
  variable: Lookup,
  inputs: Tensors,
) => {
  loss: Scalar;
  /** Further figures of the batch, without gradient. */
  figures: Record<string, Tensor>;
  /** bool; where false, the step changes nothing (a batch without a valid triplet). */
  valid?: Scalar;
};

/** What every training step takes in: images, classes, the rate of this step, its number from 1, and the seed of its masks. */
export function stepSignature(batch: number, entry: Entry): Signature {
  return {
    inputs: {
      ...entry.inputs(batch),
      labels: { shape: [batch], dtype: 'int32' },
      rate: { shape: [], dtype: 'float32' },
      step: { shape: [], dtype: 'float32' },
      seed: { shape: [2], dtype: 'int32' },
    },
  };
}

/** Name of a slot that an optimizer keeps beside a variable. */
export function slotName(variable: string, suffix: string): string {
  return `${variable}/${suffix}`;
}

/** What a step keeps besides, where it does. */
export interface StepOptions {
  /** Updates that were done when a variable began to be trained, by name; 0 where it is not named. Adam counts from there. */
  readonly trainedFrom?: Readonly<Record<string, number>>;
  /** Decay of the running averages of all that moves; null: none are kept. */
  readonly ema?: number | null;
  /** Whether the maps inside a stage are computed once more for its gradient instead of kept (see network/rematerialise.ts). */
  readonly rematerialise?: boolean;
}

/**
 * One step of training: forward, loss, gradients of exactly the variables that the plan trains, clipping, and the update of
 * each with its own multiplier and weight decay. Plain tfjs code, pure: the traced and the eager engine run this same function.
 *
 * Outputs beside the loss and the objective's figures: `spread` (see featureSpread), `finite` (1, or 0 where the loss, a gradient
 * or a new statistic is NaN or infinite: then nothing has changed, so that the step can be looked into), and the stages' figures.
 */
export function trainStep(
  entry: Entry,
  plan: PhasePlan,
  optimizer: Optimizer,
  clipNorm: number | null,
  objective: Objective,
  { trainedFrom = {}, ema = null, rematerialise = false }: StepOptions = {},
): StepFunction {
  const trained = plan.variables.filter((variable) => !variable.frozen && !variable.statistic);
  const names = new Set(trained.map(({ name }) => name));
  const moving = new Set(plan.layers.filter((layer) => layer.batchNorm === 'train').map((layer) => layer.name));
  return (inputs, state) => {
    const of = (name: string): Tensor => {
      const tensor = state[name];
      if (tensor === undefined) throw new Error(`the state has no variable '${name}'`);
      return tensor;
    };
    // What leaves the inner scope of the gradient beside the loss has to be kept by hand.
    let kept: { figures: Record<string, Tensor>; statistics: Record<string, Tensor>; valid: Scalar | undefined } | undefined;
    const loss = (...values: Tensor[]): Scalar => {
      const present = new Map(trained.map(({ name }, index) => [name, values[index] as Tensor]));
      const variable: Lookup = (name) => present.get(name) ?? of(name);
      const through = { trainStatistics: (layer: BatchNormLayer) => moving.has(layer.name) };
      const map = entry.map(inputs);
      const { output, statistics } = rematerialise
        ? runRematerialised(entry.network, map, variable, names, through)
        : run(entry.network, map, variable, through);
      const pooled = globalPool(output);
      const result = objective(pooled, variable, inputs);
      const seen = { ...result.figures, spread: featureSpread(pooled) };
      for (const tensor of [...Object.values(seen), ...Object.values(statistics)]) tf.keep(tensor);
      if (result.valid !== undefined) tf.keep(result.valid);
      kept = { figures: seen, statistics, valid: result.valid };
      return result.loss;
    };
    const { value, grads } = tf.valueAndGrads(loss)(trained.map(({ name }) => of(name)));
    if (kept === undefined) throw new Error('the objective was not computed');
    const { figures, statistics, valid } = kept;

    const raw: Record<string, Tensor> = Object.fromEntries(trained.map(({ name }, index) => [name, grads[index] as Tensor]));
    const finite = allFinite(value, [...Object.values(raw), ...Object.values(statistics)]);
    const gradients = clipNorm === null ? raw : clipByGlobalNorm(raw, clipNorm).gradients;
    const after: Tensors = { ...statistics };
    const update = inputs.step as Scalar;
    const since = new Map([...new Set(Object.values(trainedFrom))].map((from) => [from, tf.sub<Scalar>(update, from)]));
    for (const { name, shape, multiplier, weightDecay } of trained) {
      const slots = Object.fromEntries(optimizer.slots(shape).map(({ suffix }) => [suffix, of(slotName(name, suffix))]));
      const updated = optimizer.update({
        value: of(name),
        gradient: gradients[name] as Tensor,
        slots,
        rate: inputs.rate as Scalar,
        multiplier,
        weightDecay,
        step: since.get(trainedFrom[name] ?? 0) ?? update,
      });
      after[name] = updated.value;
      for (const [suffix, slot] of Object.entries(updated.slots)) after[slotName(name, suffix)] = slot;
    }
    const sound = valid === undefined ? finite : (tf.logicalAnd(finite, valid) as Scalar);
    if (ema !== null)
      for (const name of averagedNames(plan))
        after[averageName(name)] = movedAverage(of(averageName(name)), after[name] as Tensor, ema, update);
    for (const [name, tensor] of Object.entries(after)) after[name] = onlyIf(sound, tensor, of(name));
    const stages = stageFigures(trained, { gradients: raw, before: of, after });
    return { outputs: { loss: value, ...figures, finite: tf.cast(finite, 'float32'), ...stages }, state: after };
  };
}

/** bool: no NaN and no infinity in the loss and the tensors (a norm beyond float32, 3e38, counts as infinite). */
function allFinite(loss: Scalar, tensors: readonly Tensor[]): Scalar {
  // Stacked: TensorFlow turns AddN of many into a sum over a variable of its own, which XLA does not compile.
  return tf.isFinite(tf.sum(tf.stack([loss, ...tensors.map(halfSquareSum)]))) as Scalar;
}

/** From images to pooled features [N, C], all statistics frozen; by the averages of the variables that are `averaged`. */
export function featureFunction(entry: Entry, averaged: ReadonlySet<string> = new Set()): StepFunction {
  return (inputs, state) => {
    const variable = (name: string) => state[averaged.has(name) ? averageName(name) : name] as Tensor;
    return { outputs: { features: globalPool(run(entry.network, entry.map(inputs), variable).output) } };
  };
}
