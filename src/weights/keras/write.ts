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
  await writeWeights(path, network, ordered, JSON.stringify({ ...topology, class_name: 'Functional' }));
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
 * Writes the weights of a network as Keras 2 does: a group for each layer, named in `layer_names` and `weight_names`.
 * @param nameOf what a layer is called in the file
 */
export async function writeKerasWeights(path: string, network: Network, nameOf: (layer: string) => string): Promise<void> {
  await writeWeights(path, network, network.layers, null, nameOf);
}

async function writeWeights(
  path: string,
  network: Network,
  order: readonly Layer[],
  config: string | null,
  nameOf: (layer: string) => string = (layer) => layer,
): Promise<void> {
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
    const layers = order.filter((layer) => variablesOf(layer).length > 0);
    root.create_attribute('layer_names', ...strings(layers.map(({ name }) => nameOf(name))));
    for (const layer of layers) {
      const name = nameOf(layer.name);
      const outer = root.create_group(name);
      const inner = outer.create_group(name);
      const names = variablesOf(layer).map((variable) => {
        const found = network.variables.get(variable);
        if (found === undefined) throw new Error(`layer '${layer.name}' lacks its variable '${variable}'`);
        const weight = `${kerasWeight(found.role, layer)}:0`;
        inner.create_dataset({ name: weight, data: found.values, shape: [...found.shape], dtype: '<f' });
        return `${name}/${weight}`;
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
