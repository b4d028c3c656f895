import type { Hdf5Tree } from './hdf5.js';
import { tensorOf } from './legacy.js';
import type { KerasVariable } from './variable.js';

/** A layer of a configuration, at its place in a `.weights.h5`. */
interface Placed {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

interface Serialised {
  readonly class_name?: unknown;
  readonly module?: unknown;
  readonly name?: unknown;
  readonly config?: { readonly name?: unknown; readonly layers?: unknown } & Readonly<Record<string, unknown>>;
}

/** Models within models at most. */
const DEPTH = 16;

/** Whether a file is laid out as Keras 3 writes `.weights.h5`. */
export function isCheckpoint({ tensors }: Hdf5Tree): boolean {
  return tensors.some(({ path }) => VARS.test(path));
}

/** TensorFlow's Keras 2.12 to 2.14 called the container of layers by the longer name. */
const VARS = /^((?:(?:layers|_layer_checkpoint_dependencies)\/[^/]+\/)+)vars\/(\d+)$/;

/**
 * The variables of a `.weights.h5`: `layers/KIND_N/vars/I`, again `layers/…` below a model within the model. KIND_N counts the layers of a
 * class in their order and is not the layer's name: that stands in the configuration, or in the
 * attribute `name` of `vars`, which the first versions of Keras 3 did not write. I counts the variables of a layer in the order of its class. Generators of random numbers are left out.
 */
export function checkpointVariables(tree: Hdf5Tree, modelConfig?: unknown): KerasVariable[] {
  const placed = new Map<string, Placed>();
  place(modelConfig, '', placed, 0);
  const found = tree.tensors.flatMap((tensor) => {
    const [, group, index] = VARS.exec(tensor.path) ?? [];
    return group === undefined ? [] : [{ tensor, parts: group.split('/').slice(0, -1), index: Number(index) }];
  });
  const counts = new Map<string, number>();
  for (const { parts } of found) counts.set(parts.join('/'), (counts.get(parts.join('/')) ?? 0) + 1);
  return found.flatMap(({ tensor, parts, index }): KerasVariable[] => {
    const keys = parts.filter((_, at) => at % 2 === 1);
    const path = keys.map((key, depth) => {
      const written = tree.attributes[`${parts.slice(0, 2 * depth + 2).join('/')}/vars`]?.name;
      return placed.get(keys.slice(0, depth + 1).join('/'))?.name ?? (typeof written === 'string' ? written : key);
    });
    const kind = (keys.at(-1) ?? '').replace(/_\d+$/, '');
    const variable = variablesOf(kind, counts.get(parts.join('/')) ?? 0, placed.get(keys.join('/'))?.config)[index] ?? `${index}`;
    return variable === 'count' ? [] : [{ path, variable, tensor: tensorOf(tensor) }];
  });
}

/** The names of a layer's variables in Keras' order. */
function variablesOf(kind: string, count: number, config?: Readonly<Record<string, unknown>>): string[] {
  switch (kind) {
    case 'conv2d':
    case 'depthwise_conv2d':
    case 'dense':
      return ['kernel', 'bias'];
    case 'separable_conv2d':
      return ['kernel', 'pointwise_kernel', 'bias'];
    case 'batch_normalization': {
      // Three without a configuration: of the two, γ is what a ReLU after the norm makes idle, and what Keras' networks leave out.
      const gamma = config === undefined ? count >= 4 : config.scale !== false;
      const beta = config === undefined ? count >= 3 : config.center !== false;
      return [...(gamma ? ['gamma'] : []), ...(beta ? ['beta'] : []), 'moving_mean', 'moving_variance'];
    }
    case 'layer_normalization':
      return [...(config?.scale === false ? [] : ['gamma']), ...(config?.center === false ? [] : ['beta'])];
    case 'normalization':
      return ['mean', 'variance', 'count'];
    case 'layer_scale':
      return ['gamma'];
    default:
      return [];
  }
}

/** Walks the layers of a configuration as Keras does when it saves, so that each has the key that Keras gave it. */
function place(model: unknown, prefix: string, placed: Map<string, Placed>, depth: number): void {
  const config = (model as Serialised | null | undefined)?.config;
  if (!Array.isArray(config?.layers) || depth > DEPTH) return;
  const used = new Map<string, number>();
  const sequential = (model as Serialised).class_name === 'Sequential';
  for (const [at, layer] of (config.layers as Serialised[]).entries()) {
    // The input of a Sequential is none of its layers, and an operation on tensors is no layer at all.
    if ((sequential && at === 0 && layer?.class_name === 'InputLayer') || isOperation(layer?.module)) continue;
    const kind = snakeCase(String(layer?.class_name));
    const again = used.get(kind);
    used.set(kind, (again ?? -1) + 1);
    const key = `${prefix}${again === undefined ? kind : `${kind}_${again + 1}`}`;
    placed.set(key, { name: String(layer?.config?.name ?? layer?.name), config: layer?.config ?? {} });
    place(layer, `${key}/`, placed, depth + 1);
  }
}

/** Whether a module of a Keras 3 configuration is one of operations (`x + 1`), not of layers. */
export function isOperation(module: unknown): boolean {
  return typeof module === 'string' && /(^|\.)ops(\.|$)/.test(module);
}

/** As Keras makes the name of a layer from that of its class: `DepthwiseConv2D` → `depthwise_conv2d`. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
