import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Network, variablesOf } from '../../network/network.js';
import { kerasLayers, kerasWeight } from '../keras/json.js';
import { topologyJson } from '../keras/topology.js';

/** Bytes in a weight file at most, as tfjs's own converter cuts them. */
const SHARD = 4 * 1024 * 1024;

interface Group {
  paths: string[];
  weights: { name: string; shape: readonly number[]; dtype: 'float32' }[];
}

/**
 * Writes a Network into a folder as a tfjs layers model that `tf.loadLayersModel` itself loads: `model.json` with a Keras-2
 * functional topology, and a group of weights for each stage, in files of 4 MiB at most; so a network cut at a stage needs
 * only the files below it. The folder must exist; give it a temporary one and rename it (`createFolderAtomic`).
 */
export async function writeTfjsLayers(network: Network, folder: string): Promise<void> {
  const manifest: Group[] = [];
  for (const stage of network.stages) {
    const weights: Group['weights'] = [];
    const chunks: Uint8Array[] = [];
    for (const layer of network.layers.filter((candidate) => candidate.stage === stage)) {
      for (const name of variablesOf(layer)) {
        const variable = network.variables.get(name);
        if (variable === undefined) throw new Error(`layer '${layer.name}' lacks its variable '${name}'`);
        weights.push({ name: `${layer.name}/${kerasWeight(variable.role, layer)}`, shape: variable.shape, dtype: 'float32' });
        chunks.push(new Uint8Array(variable.values.buffer, variable.values.byteOffset, variable.values.byteLength));
      }
    }
    if (weights.length > 0) manifest.push({ paths: await writeShards(folder, stage, Buffer.concat(chunks)), weights });
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

async function writeShards(folder: string, stage: string, bytes: Buffer): Promise<string[]> {
  const count = Math.max(1, Math.ceil(bytes.length / SHARD));
  const paths = Array.from({ length: count }, (_, at) => `${stage}-shard${at + 1}of${count}.bin`);
  await Promise.all(paths.map((path, at) => writeFile(join(folder, path), bytes.subarray(at * SHARD, (at + 1) * SHARD))));
  return paths;
}
