import { z } from 'zod';
import { UserError, unknownName } from '../../errors.js';
import { shown } from '../pytorch/bytes.js';
import { flattened } from './flatten.js';
import { checkName, readInbound } from './inbound.js';
import type { KerasLayer, KerasTopology, Model } from './model.js';

const layerSchema = z.looseObject({
  class_name: z.string(),
  name: z.string().nullish(),
  module: z.string().nullish(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.unknown()).nullish(),
});
const modelSchema = z.looseObject({
  class_name: z.string(),
  config: z.union([
    z.array(layerSchema),
    z.looseObject({
      name: z.string().optional(),
      layers: z.array(layerSchema),
      input_layers: z.unknown().optional(),
      output_layers: z.unknown().optional(),
    }),
  ]),
});

/** Layers of a model at most, and models within models. */
const LAYERS = 5_000;
const DEPTH = 16;

/**
 * Reads the configuration of a model as Keras 1 to 3 and tfjs write it. A Sequential model becomes a chain, models within the model their
 * layers; the forms of Keras 3 (`batch_shape`, data type policies, its way to write who feeds whom) become Keras 2's.
 * `version` is that of Keras, where the file says it beside the configuration.
 */
export function readTopology(json: unknown, where: string, version?: string): KerasTopology {
  const outer = json as { model_config?: unknown; keras_version?: unknown } | null;
  const written = version ?? outer?.keras_version;
  const model = readModel(outer?.model_config ?? outer, where, 0);
  const flat = flattened(model, where);
  if (flat.layers.length > LAYERS)
    throw new UserError({ where, what: `the model has ${flat.layers.length} layers`, expected: `${LAYERS} at most` });
  return { ...flat, layers: sorted(flat.layers, where), ...(typeof written === 'string' ? { version: written } : {}) };
}

function readModel(json: unknown, where: string, depth: number): Model {
  const result = modelSchema.safeParse(json);
  if (!result.success || depth > DEPTH) {
    throw new UserError({
      where,
      what: 'the modelTopology is not that of a Keras layers model',
      found: result.error?.issues[0]?.message ?? `models within models, more than ${DEPTH} deep`,
    });
  }
  const { class_name: kind, config } = result.data;
  const [list, named] = Array.isArray(config) ? [config, undefined] : [config.layers, config];
  if (kind !== 'Sequential' && kind !== 'Model' && kind !== 'Functional')
    throw new UserError({ where, what: `the model is a Keras ${shown(kind)}`, expected: 'Sequential, Model or Functional' });
  const layers = list.slice(0, LAYERS + 1).map((layer) => readLayer(layer, where, depth));
  if (kind === 'Sequential') return chain(named?.name ?? 'model', layers, where);
  return {
    name: named?.name ?? 'model',
    layers,
    inputs: ends(named?.input_layers),
    outputs: ends(named?.output_layers),
  };
}

/** Names in `[name, node, tensor]`, in a list or a dict of such. */
function ends(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value) && typeof value[0] === 'string') return [value[0]];
  return Object.values(value).flatMap((one) => (Array.isArray(one) && typeof one[0] === 'string' ? [one[0]] : []));
}

/** The part of a model that one layer needs. */
export function cutTopology(topology: KerasTopology, upTo: string, where: string): KerasTopology {
  const layers = new Map(topology.layers.map((layer) => [layer.name, layer]));
  if (!layers.has(upTo)) throw new UserError(unknownName(upTo, [...layers.keys()], 'layer', where));
  const needed = new Set([upTo]);
  for (const layer of topology.layers.toReversed())
    if (needed.has(layer.name)) for (const input of layer.inputs) needed.add(input);
  return { ...topology, layers: topology.layers.filter((layer) => needed.has(layer.name)), outputs: [upTo] };
}

/** The topology as JSON in the form of Keras 2, which tfjs-layers loads. */
export function topologyJson(topology: KerasTopology): { class_name: string; config: Record<string, unknown> } {
  return {
    class_name: 'Model',
    config: {
      name: topology.name,
      layers: topology.layers.map((layer) => ({
        class_name: layer.className,
        name: layer.name,
        config: { ...layer.config, name: layer.name },
        inbound_nodes: layer.inputs.length === 0 ? [] : [layer.inputs.map((input) => [input, 0, 0, {}])],
      })),
      input_layers: topology.layers.filter((layer) => layer.className === 'InputLayer').map((layer) => [layer.name, 0, 0]),
      output_layers: topology.outputs.map((name) => [name, 0, 0]),
    },
  };
}

function readLayer(layer: z.infer<typeof layerSchema>, where: string, depth: number): Model['layers'][number] {
  const name = layer.name ?? String(layer.config.name);
  checkName(name, where);
  checkName(className(layer), where);
  const nodes = layer.inbound_nodes ?? [];
  if (nodes.length > 1)
    throw new UserError({ where, what: `the layer '${name}' is used ${nodes.length} times`, expected: 'each layer used once' });
  const { feeders, constant } =
    nodes[0] === undefined ? { feeders: [], constant: undefined } : readInbound(nodes[0], `${where}: ${name}`);
  return {
    name,
    className: className(layer),
    config: keras2Config(layer.config),
    feeders,
    ...(constant === undefined ? {} : { constant }),
    ...(Array.isArray(layer.config.layers) ? { model: readModel(layer, where, depth + 1) } : {}),
  };
}

/** TensorFlow's operations by the names that Keras 3 has for them. */
const OPERATIONS = new Map([
  ['__operators__.add', 'Add'],
  ['math.add', 'Add'],
  ['math.subtract', 'Subtract'],
  ['math.multiply', 'Multiply'],
  ['math.truediv', 'TrueDivide'],
  ['math.divide', 'Divide'],
]);

function className({ class_name: name, config }: z.infer<typeof layerSchema>): string {
  return name === 'TFOpLambda' ? (OPERATIONS.get(String(config.function)) ?? `TFOpLambda (${config.function})`) : name;
}

function keras2Config(config: Record<string, unknown>): Record<string, unknown> {
  const { batch_shape: batchShape, dtype, axis, activation, ...rest } = config;
  const policy = dtype as { class_name?: string; config?: { name?: string; mode?: string } } | string | null | undefined;
  const dataType = typeof policy === 'object' ? (policy?.config?.mode ?? policy?.config?.name ?? 'float32') : policy;
  // A function of one's own is written as an object; its name is enough.
  const inner = (activation as { config?: unknown } | null | undefined)?.config;
  const called = typeof inner === 'string' ? inner : activation;
  return {
    ...rest,
    ...(batchShape === undefined ? {} : { batch_input_shape: batchShape }),
    ...(dataType === undefined ? {} : { dtype: dataType }),
    // Keras 3 calls swish by its other name, which tfjs does not know.
    ...(activation === undefined ? {} : { activation: called === 'silu' ? 'swish' : called }),
    // TensorFlow's Keras writes the axis of a BatchNormalization as a list of one.
    ...(axis === undefined ? {} : { axis: Array.isArray(axis) && axis.length === 1 ? axis[0] : axis }),
  };
}

function chain(name: string, list: Model['layers'], where: string): Model {
  const layers: Model['layers'][number][] = [];
  for (const layer of list) {
    if (layers.length === 0 && layer.className !== 'InputLayer') {
      const first = layer.model?.layers.find(({ className }) => className === 'InputLayer') ?? layer;
      const shape = first.config.batch_input_shape;
      if (!Array.isArray(shape))
        throw new UserError({
          where,
          what: `the first layer '${layer.name}' does not say the shape of the input`,
          expected: 'batch_input_shape',
        });
      layers.push({
        name: `${layer.name}_input`,
        className: 'InputLayer',
        config: { batch_input_shape: shape, dtype: 'float32', sparse: false },
        feeders: [],
      });
    }
    const before = layers.at(-1);
    layers.push({ ...layer, feeders: before === undefined ? [] : [{ layer: before.name, tensor: 0 }] });
  }
  return { name, layers, inputs: layers.slice(0, 1).map((one) => one.name), outputs: layers.slice(-1).map((one) => one.name) };
}

/** Topological order; where the file's order is one already, it stays as it is. */
function sorted(layers: readonly KerasLayer[], where: string): KerasLayer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const state = new Map<string, 'open' | 'done'>();
  const result: KerasLayer[] = [];
  for (const start of layers) {
    // Not by recursion, which a chain of thousands in the wrong order would drive beyond the stack.
    const open = state.has(start.name) ? [] : [{ layer: start, next: 0 }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { layer } = top;
      state.set(layer.name, 'open');
      const input = layer.inputs[top.next++];
      if (input === undefined) {
        state.set(layer.name, 'done');
        result.push(layer);
        open.pop();
        continue;
      }
      const feeder = byName.get(input);
      if (feeder === undefined) throw new UserError(unknownName(input, [...byName.keys()], 'layer', `${where}: ${layer.name}`));
      if (state.get(input) === 'open') throw new UserError({ where, what: `the layer '${input}' feeds itself` });
      if (state.get(input) === undefined) open.push({ layer: feeder, next: 0 });
    }
  }
  return result;
}
