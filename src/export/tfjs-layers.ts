import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network } from '../network/network.js';
import type { Quantization } from '../weights/quantize.js';
import { writeTfjsLayers } from '../weights/tfjs/layers-write.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { wholeNetwork, withPreprocessing } from './whole-network.js';

/**
 * Writes a tfjs layers model (`tf.loadLayersModel`), which the browser can train on: float32 [batch, side, side, 3] RGB of 0 … 255 in,
 * preprocessing inside. tfjs has no layer that makes vectors of unit length: what comes out is the embedding before that, with the
 * same cosines. Where a classifier is given, a second model in the folder `classifier` gives `probabilities`.
 */
export async function writeTfjsLayersModel(
  model: FinishedModel,
  folder: string,
  { classifier = null, quantization = null }: { classifier?: ExportedClassifier | null; quantization?: Quantization | null } = {},
): Promise<void> {
  await writeTfjsLayers(withPreprocessing(wholeNetwork(model, model.head, 'embedding')), folder, quantization);
  if (classifier === null) return;
  const { head, labels } = classifier;
  const place = join(folder, 'classifier');
  await mkdir(place);
  await writeTfjsLayers(withSoftmax(withPreprocessing(wholeNetwork(model, head, 'scores'))), place, quantization);
  await writeFile(join(place, 'labels.json'), `${JSON.stringify(labels)}\n`);
}

function withSoftmax(network: Network): Network {
  const name = 'probabilities';
  const stage = network.stages.at(-1) as string;
  return {
    ...network,
    layers: [...network.layers, { kind: 'activation', name, inputs: [network.output], stage, activation: 'softmax' }],
    output: name,
  };
}
