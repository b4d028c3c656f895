import { z } from 'zod';
import { UserError, unknownName } from '../../errors.js';

/** One layer of a Keras topology, in the form of Keras 2. */
export interface KerasLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Record<string, unknown>;
  /** Names of the layers that feed it. */
  readonly inputs: readonly string[];
}

/** A Keras model as a list of layers in topological order. */
export interface KerasTopology {
  readonly name: string;
  readonly layers: readonly KerasLayer[];
  readonly outputs: readonly string[];
}

const layerSchema = z.looseObject({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.unknown()).optional(),
});
const modelSchema = z.looseObject({
  class_name: z.string(),
  config: z.union([
    z.array(layerSchema),
    z.looseObject({ name: z.string().optional(), layers: z.array(layerSchema), output_layers: z.array(z.unknown()).optional() }),
  ]),
});

/**
 * Reads the `modelTopology` of a model.json as Keras 1 to 3 and tfjs write it. A Sequential model becomes a chain; the forms
 * of Keras 3 that tfjs-layers refuses (`batch_shape`, data type policies, its way to write who feeds whom) become Keras 2's.
 */
export function readTopology(json: unknown, where: string): KerasTopology {
  const outer = json as { model_config?: unknown } | null;
  const result = modelSchema.safeParse(outer?.model_config ?? outer);
  if (!result.success) {
    throw new UserError({
      where,
      what: 'the modelTopology is not that of a Keras layers model',
      found: result.error.issues[0]?.message ?? '',
    });
  }
  const { class_name: kind, config } = result.data;
  const raw = Array.isArray(config) ? config : config.layers;
  const name = (Array.isArray(config) ? undefined : config.name) ?? 'model';
  switch (kind) {
    case 'Sequential':
      return chain(name, raw, where);
    case 'Model':
    case 'Functional': {
      const layers = sorted(
        raw.map((layer) => readLayer(layer, where)),
        where,
      );
      const outputs = (Array.isArray(config) ? [] : [config.output_layers ?? []]).flatMap((list) =>
        typeof list[0] === 'string' ? [list] : list,
      );
      return { name, layers, outputs: outputs.map((node) => String((node as unknown[])[0])) };
    }
    default:
      throw new UserError({ where, what: `the model is a Keras '${kind}'`, expected: 'Sequential, Model or Functional' });
  }
}

/** The part of a model that one layer needs. */
export function cutTopology(topology: KerasTopology, upTo: string, where: string): KerasTopology {
  const layers = new Map(topology.layers.map((layer) => [layer.name, layer]));
  if (!layers.has(upTo)) throw new UserError(unknownName(upTo, [...layers.keys()], 'layer', where));
  const needed = new Set<string>();
  const visit = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    layers.get(name)?.inputs.forEach(visit);
  };
  visit(upTo);
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

function readLayer(layer: z.infer<typeof layerSchema>, where: string): KerasLayer {
  const name = layer.name ?? String(layer.config.name);
  const nodes = layer.inbound_nodes ?? [];
  if (nodes.length > 1)
    throw new UserError({ where, what: `the layer '${name}' is used ${nodes.length} times`, expected: 'each layer used once' });
  return { name, className: layer.class_name, config: keras2Config(layer.config), inputs: nodes.flatMap(feeders) };
}

/** Names of the layers in one inbound node: `[[name, 0, 0, {}], …]` in Keras 1 and 2, nested `keras_history` in Keras 3. */
function feeders(node: unknown): string[] {
  if (Array.isArray(node)) return node.map((entry) => String((entry as unknown[])[0]));
  const names: string[] = [];
  const search = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const history = (value as { keras_history?: unknown[] }).keras_history;
    if (Array.isArray(history)) names.push(String(history[0]));
    else Object.values(value).forEach(search);
  };
  search((node as { args?: unknown } | null)?.args);
  return names;
}

function keras2Config(config: Record<string, unknown>): Record<string, unknown> {
  const { batch_shape: batchShape, dtype, axis, activation, ...rest } = config;
  const policy = dtype as { config?: { name?: string } } | string | undefined;
  const dataType = typeof policy === 'object' ? (policy?.config?.name ?? 'float32') : policy;
  return {
    ...rest,
    ...(batchShape === undefined ? {} : { batch_input_shape: batchShape }),
    ...(dataType === undefined ? {} : { dtype: dataType }),
    // Keras 3 calls swish by its other name, which tfjs does not know.
    ...(activation === undefined ? {} : { activation: activation === 'silu' ? 'swish' : activation }),
    // TensorFlow's Keras writes the axis of a BatchNormalization as a list of one.
    ...(axis === undefined ? {} : { axis: Array.isArray(axis) && axis.length === 1 ? axis[0] : axis }),
  };
}

function chain(name: string, raw: z.infer<typeof layerSchema>[], where: string): KerasTopology {
  const layers: KerasLayer[] = [];
  for (const entry of raw) {
    const layer = readLayer(entry, where);
    const shape = layer.config.batch_input_shape;
    if (layers.length === 0 && layer.className !== 'InputLayer') {
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
        inputs: [],
      });
    }
    const before = layers.at(-1);
    layers.push({ ...layer, inputs: before === undefined ? [] : [before.name] });
  }
  return { name, layers, outputs: layers.slice(-1).map((layer) => layer.name) };
}

/** Topological order; where the file's order is one already, it stays as it is. */
function sorted(layers: KerasLayer[], where: string): KerasLayer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const done = new Map<string, 'open' | 'done'>();
  const result: KerasLayer[] = [];
  const visit = (layer: KerasLayer): void => {
    if (done.get(layer.name) === 'done') return;
    if (done.get(layer.name) === 'open') throw new UserError({ where, what: `the layer '${layer.name}' feeds itself` });
    done.set(layer.name, 'open');
    for (const input of layer.inputs) {
      const feeder = byName.get(input);
      if (feeder === undefined) throw new UserError(unknownName(input, [...byName.keys()], 'layer', `${where}: ${layer.name}`));
      visit(feeder);
    }
    done.set(layer.name, 'done');
    result.push(layer);
  };
  layers.forEach(visit);
  return result;
}
