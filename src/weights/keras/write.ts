import { type Layer, type Network, variablesOf } from '../../network/network.js';
import { kerasLayers, kerasWeight } from './json.js';
import type { KerasLayer } from './model.js';
import { inKerasOrder } from './order.js';
import { topologyJson } from './topology.js';

/** What Keras does to the vectors that a network gives. */
export interface KerasEnd {
  readonly name: string;
  readonly operation: 'unit-length' | 'softmax';
}

const VERSION = '2.13.1';

/**
 * Writes a network as the `.h5` of a whole Keras 2 model, which Keras 2 and 3 load (`keras.models.load_model`), or whose weights alone they
 * take by the layers' names (`model.load_weights(path, by_name=True)`).
 */
export async function writeKerasModel(path: string, network: Network, end: KerasEnd): Promise<void> {
  const layers = [...network.layers.flatMap((layer) => kerasLayers(layer, network)), lastLayer(end, network.output)];
  const topology = topologyJson({ name: network.name.replaceAll(/[^A-Za-z0-9_]/g, '_'), layers, outputs: [end.name] });
  const own = new Map(network.layers.map((layer) => [layer.name, layer]));
  // Keras fills the layers of a model in their order, whatever their names.
  const ordered = inKerasOrder(layers, end.name).flatMap(({ name }) => own.get(name) ?? []);
  const weights = ordered.map((layer) => [layer.name, weightsOfLayer(layer, network)] as const);
  const filled = new Map(weights.filter(([, { length }]) => length > 0));
  await writeWeights(path, filled, JSON.stringify({ ...topology, class_name: 'Functional' }));
}

function lastLayer({ name, operation }: KerasEnd, input: string): KerasLayer {
  const inputs = [input];
  switch (operation) {
    case 'softmax':
      return { name, className: 'Activation', config: { name, activation: 'softmax' }, inputs };
    case 'unit-length':
      return { name, className: 'UnitNormalization', config: { name, axis: -1 }, inputs };
  }
}

/**
 * Writes weights as Keras 2 does: a group for each layer, named in `layer_names` and `weight_names`. Keras 2 and 3 give them to the layers of
 * a model that have the names (`model.load_weights(path, by_name=True)`).
 * @param tensors by `LAYER/VARIABLE`, those of a layer in the order in which Keras has them
 */
export async function writeKerasWeights(path: string, tensors: ReadonlyMap<string, Omit<Weight, 'name'>>): Promise<void> {
  const groups = new Map<string, Weight[]>();
  for (const [key, tensor] of tensors) {
    const at = key.lastIndexOf('/');
    const layer = key.slice(0, at);
    groups.set(layer, [...(groups.get(layer) ?? []), { name: key.slice(at + 1), ...tensor }]);
  }
  await writeWeights(path, groups, null);
}

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function weightsOfLayer(layer: Layer, network: Network): Weight[] {
  return variablesOf(layer).map((variable) => {
    const found = network.variables.get(variable);
    if (found === undefined) throw new Error(`layer '${layer.name}' lacks its variable '${variable}'`);
    return { name: kerasWeight(found.role, layer), shape: found.shape, values: found.values };
  });
}

async function writeWeights(path: string, layers: ReadonlyMap<string, readonly Weight[]>, config: string | null): Promise<void> {
  const { default: hdf5 } = await import('h5wasm/node');
  await hdf5.ready;
  const file = new hdf5.File(path, 'w');
  try {
    if (config !== null) file.create_attribute('model_config', config);
    const root = config === null ? file : file.create_group('model_weights');
    for (const place of new Set([file, root])) {
      place.create_attribute('keras_version', VERSION);
      place.create_attribute('backend', 'tensorflow');
    }
    root.create_attribute('layer_names', ...strings([...layers.keys()]));
    for (const [layer, weights] of layers) {
      const outer = root.create_group(layer);
      const inner = outer.create_group(layer);
      const names = weights.map(({ name, shape, values }) => {
        inner.create_dataset({ name: `${name}:0`, data: values, shape: [...shape], dtype: '<f' });
        return `${layer}/${name}:0`;
      });
      outer.create_attribute('weight_names', ...strings(names));
    }
  } finally {
    file.close();
  }
}

/** Texts of one width, as h5py writes lists of bytes. */
function strings(texts: readonly string[]): [string[], number[], string] {
  const width = Math.max(1, ...texts.map((text) => Buffer.byteLength(text)));
  return [[...texts], [texts.length], `S${width}`];
}
