import { globalPool, type Lookup, run } from '../network/forward.js';
import type { BatchNormLayer } from '../network/network.js';
import { runRematerialised } from '../network/rematerialise.js';
import { clipByGlobalNorm, scaledBy } from '../optimizers/clip.js';
import { onlyIf } from '../optimizers/only-if.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { halfSquareSum } from '../runtime/ops/square-sum.js';
import { type Scalar, type Tensor, type Tensor2D, tf } from '../runtime/tensorflow.js';
import type { Signature, StepFunction, Tensors } from '../runtime/trace/trace.js';
import type { PhasePlan, PlannedVariable } from '../transfer/plan.js';
import { averagedNames, averageName, movedAverage } from './averages.js';
import type { Entry } from './entry.js';
import { featureSpread } from './feature-spread.js';
import { gathered, inParts, type Replica, replicasOf } from './replicas.js';
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
export function stepSignature(batch: number, entry: Entry, devices = 1): Signature {
  return {
    inputs: {
      ...inParts(entry.inputs(batch), devices),
      labels: { shape: [batch], dtype: 'int32' },
      rate: { shape: [], dtype: 'float32' },
      step: { shape: [], dtype: 'float32' },
      seed: { shape: [2], dtype: 'int32' },
    },
  };
}

/** What a step takes in besides where several run in one call: 1, or 0 once one of them was not finite: then it changes nothing. */
export const GOING = { going: { shape: [], dtype: 'float32' } } as const;

/** What such steps hand on: the number of the update, and whether they go on. */
export const CARRIED = { step: 'next', going: 'going' } as const;

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
 * or a new statistic is NaN or infinite: then nothing has changed, so that the step can be looked into), and the stages' figures. Where
 * it takes `going`, also what the next step takes: `next`, the number of its update, and `going`.
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
  return (inputs, state, copies) => {
    const replicas = replicasOf(inputs, state, copies);
    const trainedOn = replicas.map((replica) => trained.filter(({ name }) => replica.state[name] !== undefined));
    // What leaves the inner scope of the gradient beside the loss has to be kept by hand.
    let kept: { figures: Record<string, Tensor>; statistics: Record<string, Tensor>[]; valid: Scalar | undefined } | undefined;
    const loss = (...values: Tensor[]): Scalar => {
      let at = 0;
      const lookups = replicas.map((replica, device): Lookup => {
        const present = new Map(trainedOn[device]?.map(({ name }) => [name, values[at++] as Tensor]));
        return (name) => present.get(name) ?? held(replica, name);
      });
      const passes = replicas.map((replica, device) => {
        const variable = lookups[device] as Lookup;
        const across = replicas.length === 1 ? undefined : { parts: replicas.length, sum: replica.sum };
        const through = { trainStatistics: (layer: BatchNormLayer) => moving.has(layer.name), across };
        const map = entry.map(replica.inputs);
        const { output, statistics } = rematerialise
          ? runRematerialised(entry.network, map, variable, names, through)
          : run(entry.network, map, variable, through);
        return { pooled: globalPool(output), statistics };
      });
      const pooled = gathered(passes.map((pass) => pass.pooled));
      const result = objective(pooled, lookups[0] as Lookup, inputs);
      const seen = { ...result.figures, spread: featureSpread(pooled) };
      const statistics = passes.map((pass) => pass.statistics);
      for (const tensor of [seen, ...statistics].flatMap((tensors) => Object.values(tensors))) tf.keep(tensor);
      if (result.valid !== undefined) tf.keep(result.valid);
      kept = { figures: seen, statistics, valid: result.valid };
      return result.loss;
    };
    const { value, grads } = tf.valueAndGrads(loss)(
      replicas.flatMap((replica, device) => (trainedOn[device] ?? []).map(({ name }) => held(replica, name))),
    );
    if (kept === undefined) throw new Error('the objective was not computed');
    const { figures, statistics, valid } = kept;

    let at = 0;
    const everywhere = new Set(trainedOn.at(-1));
    const raw = replicas.map((replica, device) => {
      const own = (trainedOn[device] ?? []).map((variable) => {
        const gradient = grads[at++] as Tensor;
        return [variable.name, everywhere.has(variable) ? replica.sum(gradient) : gradient] as const;
      });
      return Object.fromEntries(own) as Record<string, Tensor>;
    });
    // On the first device alone: each number that all devices go by is one number.
    const first = raw[0] as Record<string, Tensor>;
    const finite = allFinite(value, [...Object.values(first), ...Object.values(statistics[0] ?? {})]);
    const clipped = clipNorm === null ? null : clipByGlobalNorm(first, clipNorm);
    const { going, step } = inputs as Record<'going' | 'step', Scalar | undefined>;
    const on = going === undefined ? finite : (tf.logicalAnd(finite, tf.greater(going, 0)) as Scalar);
    const sound = valid === undefined ? on : (tf.logicalAnd(on, valid) as Scalar);
    const [after, ...others] = replicas.map((replica, device) => {
      const gradients = (raw[device] ?? {}) as Record<string, Tensor>;
      return updatedOn(replica, {
        trained: trainedOn[device] ?? [],
        optimizer,
        trainedFrom,
        gradients:
          clipped === null ? gradients : device === 0 ? clipped.gradients : scaledBy(gradients, replica.fromFirst(clipped.scale)),
        statistics: statistics[device] ?? {},
        rate: replica.fromFirst(inputs.rate as Scalar),
        update: replica.fromFirst(inputs.step as Scalar),
      });
    }) as [Tensors, ...Tensors[]];
    if (ema !== null)
      for (const name of averagedNames(plan))
        after[averageName(name)] = movedAverage(
          held(replicas[0], averageName(name)),
          after[name] as Tensor,
          ema,
          inputs.step as Scalar,
        );
    for (const [device, values] of [after, ...others].entries()) {
      const replica = replicas[device] as Replica;
      const allowed = replica.fromFirst(sound);
      for (const [name, tensor] of Object.entries(values)) values[name] = onlyIf(allowed, tensor, held(replica, name));
    }
    const before = (name: string) => held(replicas[0], name);
    const stages = stageFigures(trained, { gradients: first, before, after });
    const handedOn = going === undefined ? {} : { next: tf.add(step as Scalar, asNumber(sound)), going: asNumber(on) };
    const outputs = { loss: value, ...figures, finite: asNumber(finite), ...stages, ...handedOn };
    return { outputs, state: after, copies: others };
  };
}

const asNumber = (flag: Scalar): Scalar => tf.cast(flag, 'float32');

function held({ state, device }: Replica, name: string): Tensor {
  const tensor = state[name];
  if (tensor === undefined) throw new Error(`the state has no variable '${name}' on device ${device}`);
  return tensor;
}

interface UpdateOn {
  readonly trained: readonly PlannedVariable[];
  readonly optimizer: Optimizer;
  readonly trainedFrom: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, Tensor>>;
  readonly statistics: Readonly<Record<string, Tensor>>;
  readonly rate: Scalar;
  /** Number of the update, from 1. */
  readonly update: Scalar;
}

/** The new values of what a replica trains, of its slots and of its statistics. */
function updatedOn(
  replica: Replica,
  { trained, optimizer, trainedFrom, gradients, statistics, rate, update }: UpdateOn,
): Tensors {
  const after: Tensors = { ...statistics };
  const since = new Map([...new Set(Object.values(trainedFrom))].map((from) => [from, tf.sub<Scalar>(update, from)]));
  for (const { name, shape, multiplier, weightDecay } of trained) {
    const slots = Object.fromEntries(optimizer.slots(shape).map(({ suffix }) => [suffix, held(replica, slotName(name, suffix))]));
    const updated = optimizer.update({
      value: held(replica, name),
      gradient: gradients[name] as Tensor,
      slots,
      rate,
      multiplier,
      weightDecay,
      step: since.get(trainedFrom[name] ?? 0) ?? update,
    });
    after[name] = updated.value;
    for (const [suffix, slot] of Object.entries(updated.slots)) after[slotName(name, suffix)] = slot;
  }
  return after;
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
