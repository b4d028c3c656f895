import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Network, variablesOf } from '../../network/network.js';
import { kerasLayers, kerasWeight } from '../keras/json.js';
import { topologyJson } from '../keras/topology.js';
import type { Quantization } from '../quantize.js';
import { type StoredGroup, type StoredWeight, writeWeightFiles } from './weight-files.js';

/**
 * Writes a Network into a folder as a tfjs layers model that `tf.loadLayersModel` itself loads: `model.json` with a Keras-2
 * functional topology, and a group of weights for each stage, in files of 4 MiB at most; so a network cut at a stage needs
 * only the files below it. The folder must exist; give it a temporary one and rename it (`createFolderAtomic`).
 */
export async function writeTfjsLayers(network: Network, folder: string, quantization: Quantization | null = null): Promise<void> {
  const manifest: StoredGroup[] = [];
  for (const stage of network.stages) {
    const weights: StoredWeight[] = [];
    for (const layer of network.layers.filter((candidate) => candidate.stage === stage)) {
      for (const name of variablesOf(layer)) {
        const variable = network.variables.get(name);
        if (variable === undefined) throw new Error(`layer '${layer.name}' lacks its variable '${name}'`);
        weights.push({
          name: `${layer.name}/${kerasWeight(variable.role, layer)}`,
          shape: variable.shape,
          values: variable.values,
        });
      }
    }
    if (weights.length > 0) manifest.push(await writeWeightFiles(folder, stage, weights, quantization));
  }
  const layers = network.layers.flatMap((layer) => kerasLayers(layer, network));
  const topology = topologyJson({ name: network.name.replaceAll(/[^A-Za-z0-9_]/g, '_'), layers, outputs: [network.output] });
  const model = {
    format: 'layers-model',
    generatedBy: 'ft',
    convertedBy: null,
    modelTopology: { keras_version: '2.13.1', backend: 'tensorflow', model_config: topology },
    weightsManifest: manifest,
  };
  await writeFile(join(folder, 'model.json'), `${JSON.stringify(model)}\n`);
}
