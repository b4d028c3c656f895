import { UserError } from '../../errors.js';
import type { Layer, Network, Preprocessing, VariableRole } from '../../network/network.js';
import { stageOrder, stagesByResolution } from '../stages-by-resolution.js';
import { foldZeroPadding } from '../zero-padding.js';
import { composed, normalization, operation, rescaling } from './arithmetic.js';
import type { KerasFile } from './file.js';
import { Flow, type Value } from './flow.js';
import { neutralLayers } from './layer.js';
import { refuseUnreadable } from './limits.js';
import type { KerasLayer } from './model.js';
import { readVariables } from './read-variables.js';
import { type Selected, type Selection, select } from './select.js';
import { readTopology } from './topology.js';
import { type LayerTensors, variablesByLayer } from './variable.js';

export interface KerasNetworkOptions extends Selection {
  name: string;
  /** The side that the weights were trained at. */
  side: number;
  /** What the model's own input expects of RGB bytes; left out: the bytes themselves, which it scales on its own. */
  preprocessing?: Preprocessing;
}

/** RGB bytes as they are. */
const BYTES: Preprocessing = { mean: [0, 0, 0], std: [1, 1, 1] };

/**
 * A whole model of Keras (`.keras`, or a legacy `.h5` with its configuration) as a Network. Rescaling and Normalization at its input
 * become the preprocessing; zero-padding layers the explicit padding of the windows after them; layers that do nothing at inference are left out.
 * @throws UserError for a file of weights alone, a kind or setting of a layer that ft does not read, weights that are missing or do not fit
 */
export function readKerasNetwork(file: KerasFile, options: KerasNetworkOptions, where: string): Network {
  if (file.config === undefined) {
    throw new UserError({
      where,
      what: 'this file holds weights alone, and no configuration of the model',
      expected: 'a whole model, or weights of a network that ft knows by name',
      mend: 'model.save("model.keras") writes both',
    });
  }
  const whole = readTopology(file.config, where, file.version);
  const selected = select(whole, options, where);
  refuseUnreadable(selected.topology, where);
  return kerasNetwork(selected, variablesByLayer(file.variables), options, where);
}

/** A selected part of a model as a Network, its variables found by `tensorsOf`. */
export function kerasNetwork(
  { topology, stages }: Selected,
  tensorsOf: (layer: KerasLayer) => LayerTensors,
  options: KerasNetworkOptions,
  where: string,
): Network {
  const flow = new Flow(where, options.preprocessing ?? BYTES);
  const taken = new Set(topology.layers.map((layer) => layer.name));
  for (const layer of topology.layers)
    flow.put(
      layer.name,
      translated(layer, flow, tensorsOf(layer), { stage: stages?.get(layer.name) ?? '', taken, version: topology.version }),
    );
  const end = topology.outputs[0] ?? '';
  const { layer: output, channels } = flow.value(end, end);
  if (channels === undefined) throw flow.refusal(end, 'the features of a flattened map depend on the size of the image');
  const folded = foldZeroPadding(flow.layers, output, (kernel) => {
    const [height = 1, width = 1] = flow.variables.get(kernel)?.shape ?? [];
    return [height, width];
  });
  const byResolution = stages === undefined ? stagesByResolution(folded) : undefined;
  const layers = folded.map((layer) => ({ ...layer, stage: byResolution?.get(layer.name) ?? layer.stage }));
  const order = byResolution !== undefined ? stageOrder(byResolution) : Object.keys(options.stages ?? {});
  return {
    name: options.name,
    preprocessing: flow.preprocessing,
    side: options.side,
    layers,
    variables: flow.variables,
    output,
    features: channels,
    stages: order.filter((stage) => layers.some((layer) => layer.stage === stage)),
  };
}

interface Context {
  readonly stage: string;
  readonly taken: ReadonlySet<string>;
  readonly version: string | undefined;
}

/** Puts the neutral layers of one Keras layer behind those that are there. */
function translated(layer: KerasLayer, flow: Flow, tensors: LayerTensors, context: Context): Value {
  const { name, className, config } = layer;
  const arithmetic = pendingArithmetic(layer, flow, tensors, context.stage);
  if (arithmetic !== undefined) return arithmetic;
  if (className === 'InputLayer') return inputOf(layer, flow, context.stage);
  const values = layer.inputs.map((input) => flow.value(input, name));
  const [first] = values;
  if (first === undefined) throw flow.refusal(name, `the ${className} takes nothing`);
  if (className === 'Reshape') return reshaped(layer, first, flow, context.stage);
  const joined = values.length > 1 ? join(layer, values, flow) : first;
  const { variables, depthwise, channels } = readVariables(layer, tensors, joined, flow.where);
  const roles = new Set<VariableRole>(variables.filter((one) => one.layer === name).map((one) => one.role));
  const made = neutralLayers(
    {
      name,
      className,
      config,
      inputs: values.map((value) => value.layer),
      rank: first.rank,
      roles,
      stage: context.stage,
      depthwise,
    },
    flow.where,
    context.taken,
    context.version,
  );
  flow.layers.push(...made);
  for (const variable of variables) flow.variables.set(variable.name, variable);
  const carrier = made.at(-1)?.name ?? first.layer;
  const out = channels === undefined ? {} : { channels };
  if (className === 'GlobalAveragePooling2D')
    return { layer: carrier, rank: config.keepdims === true ? 4 : 2, pooled: config.keepdims === true, ...out };
  // What a flattened map holds depends on the size of the image, but where it is one place.
  if (className === 'Flatten')
    return { layer: carrier, rank: 2, pooled: false, ...(first.pooled || first.rank === 2 ? out : {}) };
  return { layer: carrier, rank: joined.rank, pooled: joined.pooled, ...out };
}

/** Rescaling, Normalization, operations with numbers, and relu6 between two of those; undefined for every other layer. */
function pendingArithmetic(layer: KerasLayer, flow: Flow, tensors: LayerTensors, stage: string): Value | undefined {
  const { name, className, config, constant } = layer;
  const input = layer.inputs[0];
  if (input === undefined || layer.inputs.length > 1) return undefined;
  const value = flow.raw(input, name);
  const before = value.pending ?? { scale: [1], offset: [0] };
  if (className === 'ReLU' && config.max_value === 6 && typeof before !== 'string' && value.layer !== flow.layers[0]?.name) {
    const shifted = `${before.scale}` === '1' && `${before.offset}` === '3';
    return shifted ? { ...value, pending: 'relu6 of x + 3' } : undefined;
  }
  // Above the input a Rescaling is an operation with numbers, as ft itself writes a hard sigmoid.
  const scales = className === 'Rescaling' && value.layer !== flow.layers[0]?.name;
  if (constant !== undefined || scales) {
    const step = constant === undefined ? rescaling(config) : operation({ className, ...constant });
    if (step === undefined || !Number.isFinite(step.scale[0]))
      throw flow.refusal(name, `it is an operation that ft does not read`);
    if (typeof before !== 'string') return { ...value, pending: composed(before, step) };
    if (`${step.offset}` !== '0' || step.scale.length > 1 || Math.abs((step.scale[0] ?? 0) - 1 / 6) > 1e-6)
      throw flow.refusal(name, 'it scales relu6(x + 3)', 'by 1/6: a hard sigmoid');
    flow.layers.push({ kind: 'activation', name, inputs: [value.layer], stage, activation: 'hard-sigmoid' });
    const { pending: _, ...plain } = value;
    return { ...plain, layer: name };
  }
  if (className !== 'Rescaling' && className !== 'Normalization') return undefined;
  if (typeof before === 'string' || value.layer !== flow.layers[0]?.name)
    throw flow.refusal(name, `the ${className} does not stand at the model's input`);
  if (className === 'Rescaling') return { ...value, pending: composed(before, rescaling(config)) };
  const numbers = (own: 'mean' | 'variance'): number[] => {
    const written = config[own] ?? (tensors.has(own) ? [...(tensors.get(own)?.values() ?? [])] : undefined);
    if (written === undefined) throw flow.refusal(name, `the file lacks the ${own} of this Normalization`);
    return (Array.isArray(written) ? written.flat(4) : [written]).map(Number);
  };
  const [mean, variance] = [numbers('mean'), numbers('variance')];
  const channels = Math.max(mean.length, variance.length);
  if (channels !== 3 && channels !== 1) throw flow.refusal(name, `the Normalization has ${channels} channels`, '3');
  return { ...value, pending: composed(before, normalization(mean, variance)) };
}

function inputOf({ name, config }: KerasLayer, flow: Flow, stage: string): Value {
  const shape = config.batch_input_shape;
  const channels = Array.isArray(shape) ? shape.at(-1) : undefined;
  if (flow.layers.length > 0) throw flow.refusal(name, 'the model has more than one input', 'one');
  if (!Array.isArray(shape) || shape.length !== 4 || (channels !== 3 && channels !== null))
    throw flow.refusal(name, `the input has the shape ${JSON.stringify(shape)}`, 'images: [batch, height, width, 3]');
  flow.layers.push({ kind: 'input', name, inputs: [], stage });
  return { layer: name, rank: 4, pooled: false, channels: 3 };
}

/** What Add, Multiply and Concatenate put out. */
function join({ name, className }: KerasLayer, values: readonly Value[], flow: Flow): Value {
  const first = values[0] as Value;
  const refuse = (what: string): never => {
    throw flow.refusal(name, `the ${className} takes ${what}`);
  };
  if (values.some((value) => value.rank !== first.rank)) refuse('a map and a vector');
  if (className === 'Concatenate') {
    const known = values.map((value) => value.channels);
    const sum = known.reduce<number | undefined>(
      (total, one) => (total === undefined || one === undefined ? undefined : total + one),
      0,
    );
    const { channels: _, ...rest } = first;
    return { ...rest, ...(sum === undefined ? {} : { channels: sum }) };
  }
  if (values.some((value) => value.channels !== first.channels))
    refuse(`${values.map((value) => value.channels ?? 'an unknown number of').join(' and ')} channels`);
  if (className === 'Add' && values.some((value) => value.pooled !== first.pooled)) refuse('a map and one place');
  if (className !== 'Add' && className !== 'Multiply') refuse(`${values.length} inputs`);
  return values.find((value) => !value.pooled) ?? first;
}

/** Two uses of Reshape mean something here: a vector as a map of one place, and a map of one place as a vector. */
function reshaped({ name, config }: KerasLayer, value: Value, flow: Flow, stage: string): Value {
  const shape = Array.isArray(config.target_shape) ? config.target_shape.map(Number) : [];
  const fits = shape.at(-1) === -1 || shape.at(-1) === value.channels;
  if (shape.length === 3 && shape[0] === 1 && shape[1] === 1 && fits) {
    if (value.rank === 4 && value.pooled) return value;
    if (value.rank === 2 && flow.unroll(value.layer)) return { ...value, rank: 4, pooled: true };
  }
  if (shape.length === 1) {
    if (value.rank === 2 && fits) return value;
    if (value.rank === 4) {
      flow.layers.push({ kind: 'flatten', name, inputs: [value.layer], stage } satisfies Layer);
      const { channels, ...rest } = value;
      return { ...rest, layer: name, rank: 2, pooled: false, ...(value.pooled && channels !== undefined ? { channels } : {}) };
    }
  }
  throw flow.refusal(
    name,
    `a Reshape to [${shape.join(', ')}] is not one that ft reads`,
    'pooled features to [1, 1, channels], or a map to [numbers]',
  );
}
