/** The plan of a phase: for each layer and variable, whether it is frozen, at which rate it learns, and what BatchNorm does. */
import { UserError, unknownName } from '../errors.js';
import { type Layer, type Network, type VariableRole, variablesOf } from '../network/network.js';
import { type OutputShape, outputShapes } from '../network/shapes.js';
import { type Freeze, frozenLayers, throwFaults } from './freeze.js';
import { type RateOptions, rateMultipliers } from './rates.js';
import { HEAD_STAGE } from './selectors.js';

export type PhaseName = 'classification' | 'triplet';
export type BatchNormMode = 'frozen' | 'train';

/** What a phase of a recipe says of freezing and rates. */
export interface PlanOptions extends RateOptions {
  readonly freeze: Freeze;
  /** Epochs (counted from 1) from which on less is frozen. */
  readonly thaw?: readonly { readonly epoch: number; readonly until: string }[];
  readonly batchNorm: BatchNormMode;
  /** The base learning rate: that of the highest stage of the backbone. */
  readonly rate: number;
  readonly optimizer: { readonly weightDecay: number };
}

/** The new layer above the backbone: a dense layer of stage `head`. */
export interface HeadLayer {
  readonly name: string;
  readonly variables: readonly { readonly name: string; readonly role: VariableRole; readonly shape: readonly number[] }[];
}

export interface PlannedVariable {
  name: string;
  layer: string;
  stage: string;
  role: VariableRole;
  shape: readonly number[];
  /** Numbers that it holds. */
  parameters: number;
  /** Does not move in this phase, neither by the optimizer nor by a moving average. */
  frozen: boolean;
  /** Scales the update; 0 where the optimizer does not touch it. */
  multiplier: number;
  /** 0 for biases, BatchNorm and whatever is frozen. */
  weightDecay: number;
  /** Mean or variance of a BatchNorm: never a variable of the optimizer; where it is not frozen, it moves by moving average. */
  statistic: boolean;
}

export interface PlannedLayer {
  name: string;
  stage: string;
  kind: Layer['kind'];
  /** At the side that is trained at, without the batch. */
  outputShape: OutputShape;
  parameters: number;
  frozen: boolean;
  /** rate × multiplier; null where frozen or without weights. */
  rate: number | null;
  weightDecay: number;
  /** Null for all but BatchNorm. */
  batchNorm: BatchNormMode | null;
  variables: PlannedVariable[];
}

export interface PhasePlan {
  phase: PhaseName;
  rate: number;
  batchNorm: BatchNormMode;
  /** The backbone in topological order, then the head. */
  layers: PlannedLayer[];
  variables: PlannedVariable[];
  /** parameters = trainable + frozen + statistics. */
  totals: { parameters: number; trainable: number; frozen: number; statistics: number };
  /** What holds from a later epoch (counted from 1) on, in order; empty where the plan holds to the end. See planThaw. */
  thaw: readonly Thaw[];
}

/** A plan that holds from an epoch on. */
export interface Thaw {
  readonly epoch: number;
  readonly plan: PhasePlan;
}

/** A dense head on the pooled features: kernel [features, outputs], bias [outputs]. */
export function denseHead(features: number, outputs: number, name = HEAD_STAGE): HeadLayer {
  return {
    name,
    variables: [
      { name: `${name}/kernel`, role: 'kernel', shape: [features, outputs] },
      { name: `${name}/bias`, role: 'bias', shape: [outputs] },
    ],
  };
}

/**
 * Plans a phase at `side` pixels, as it begins. `where` is the key that says what is frozen.
 * @throws UserError with every selector that means nothing, or where nothing would be trained
 */
export function planPhase(
  network: Network,
  head: HeadLayer,
  phase: PhaseName,
  options: PlanOptions,
  side: number,
  where = `${phase}.freeze`,
): PhasePlan {
  const shapes = outputShapes(network, side);
  const unplanned = [...network.layers.map((layer) => backboneLayer(layer, network, shapes)), headLayer(head)];
  const { frozen, faults } = frozenLayers(unplanned, options.freeze, where);
  const rates = rateMultipliers(unplanned, network.stages, options, phase);
  throwFaults([...faults, ...rates.faults]);

  const layers = unplanned.map((layer): PlannedLayer => {
    const still = frozen.has(layer.name);
    const multiplier = rates.multipliers.get(layer.name) ?? 1;
    const variables = layer.variables.map(({ name, role, shape }): PlannedVariable => {
      const statistic = role === 'mean' || role === 'variance';
      const decays = role === 'kernel' && !still;
      return {
        name,
        layer: layer.name,
        stage: layer.stage,
        role,
        shape,
        parameters: size(shape),
        frozen: still || (statistic && options.batchNorm === 'frozen'),
        multiplier: still || statistic ? 0 : multiplier,
        weightDecay: decays ? options.optimizer.weightDecay : 0,
        statistic,
      };
    });
    const moves = variables.some((variable) => variable.multiplier > 0);
    return {
      name: layer.name,
      stage: layer.stage,
      kind: layer.kind,
      outputShape: layer.outputShape,
      parameters: sum(variables),
      frozen: still,
      rate: moves ? options.rate * multiplier : null,
      weightDecay: Math.max(0, ...variables.map((variable) => variable.weightDecay)),
      batchNorm: layer.kind === 'batch-norm' ? (still ? 'frozen' : options.batchNorm) : null,
      variables,
    };
  });
  const variables = layers.flatMap((layer) => layer.variables);
  const learnt = variables.filter((variable) => !variable.statistic);
  return {
    phase,
    rate: options.rate,
    batchNorm: options.batchNorm,
    layers,
    variables,
    totals: {
      parameters: sum(variables),
      trainable: sum(learnt.filter((variable) => !variable.frozen)),
      frozen: sum(learnt.filter((variable) => variable.frozen)),
      statistics: sum(variables.filter((variable) => variable.statistic)),
    },
    thaw: [],
  };
}

interface Unplanned extends Pick<PlannedLayer, 'name' | 'stage' | 'kind' | 'outputShape'> {
  variables: HeadLayer['variables'];
}

function backboneLayer(layer: Layer, network: Network, shapes: ReadonlyMap<string, OutputShape>): Unplanned {
  const outputShape = shapes.get(layer.name);
  if (outputShape === undefined) throw new Error(`layer '${layer.name}' has no shape`);
  if (!network.stages.includes(layer.stage)) {
    throw new UserError(unknownName(layer.stage, network.stages, 'stage', `layer '${layer.name}' of ${network.name}`));
  }
  const variables = variablesOf(layer).map((name) => {
    const variable = network.variables.get(name);
    if (variable === undefined) throw new Error(`layer '${layer.name}' has no variable '${name}'`);
    return variable;
  });
  return { name: layer.name, stage: layer.stage, kind: layer.kind, outputShape, variables };
}

function headLayer(head: HeadLayer): Unplanned {
  const outputs = head.variables.find((variable) => variable.role === 'kernel')?.shape.at(-1) ?? 0;
  return { name: head.name, stage: HEAD_STAGE, kind: 'dense', outputShape: [outputs], variables: head.variables };
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function sum(variables: readonly PlannedVariable[]): number {
  return variables.reduce((total, variable) => total + variable.parameters, 0);
}
