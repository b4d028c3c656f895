import { UserError } from '../../errors.js';
import type { Network, Preprocessing } from '../../network/network.js';
import { tf } from '../../runtime/tensorflow.js';
import { refuseUnreadable } from '../keras/limits.js';
import { kerasNetwork } from '../keras/network.js';
import { type Selection, select } from '../keras/select.js';
import { readTopology } from '../keras/topology.js';
import { type LayerTensors, variableName } from '../keras/variable.js';
import type { NamedTensor } from '../named-tensor.js';
import { readModelFile } from './manifest.js';
import { readNeededWeights, type WeightData } from './needed.js';

export interface TfjsLayersOptions extends Selection {
  name: string;
  side: number;
  preprocessing: Preprocessing;
}

/**
 * Reads the folder of a tfjs layers model (`model.json` and its weight files) into a Network: the topology is cut first, and only the
 * weights that the rest needs are read and decoded (quantised ones too, by tfjs). Zero-padding layers become the explicit padding of the
 * windows after them; layers that do nothing at inference are left out. No tensor stays behind.
 */
export async function readTfjsLayers(folder: string, options: TfjsLayersOptions): Promise<Network> {
  const where = folder;
  const file = await readModelFile(folder);
  const selected = select(readTopology(file.topology, where), options, where);
  refuseUnreadable(selected.topology, where);
  const tensors = decoded(await readNeededWeights(folder, selected.topology, file.groups), where);
  return kerasNetwork(selected, ({ name }) => tensors.get(name) ?? new Map(), options, where);
}

/** The values of the weights, by layer and by name. */
function decoded({ weightData, weightSpecs }: WeightData, where: string): Map<string, LayerTensors> {
  const tensors = decode(weightData, weightSpecs, where);
  const layers = new Map<string, Map<string, NamedTensor>>();
  for (const { name, shape } of weightSpecs) {
    const tensor = tensors[name];
    if (tensor === undefined) throw new Error(`tfjs decoded no '${name}'`);
    // dataSync may give a view that tfjs owns.
    const values = Float32Array.from(tensor.dataSync());
    const [layer, last] = [name.slice(0, name.lastIndexOf('/')), name.slice(name.lastIndexOf('/') + 1)];
    layers.set(layer, (layers.get(layer) ?? new Map()).set(variableName(last), { shape, values: () => values }));
  }
  tf.dispose(tensors);
  return layers;
}

function decode(weightData: ArrayBuffer, weightSpecs: WeightData['weightSpecs'], where: string) {
  try {
    return tf.io.decodeWeights(weightData, weightSpecs as Parameters<typeof tf.io.decodeWeights>[1]);
  } catch (error) {
    throw new UserError({
      where,
      what: 'tfjs cannot decode these weights',
      found: error instanceof Error ? error.message : String(error),
    });
  }
}
