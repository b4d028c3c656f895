import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Head } from '../heads/head.js';
import type { Quantization } from '../weights/quantize.js';
import { writeWeightFiles } from '../weights/tfjs/weight-files.js';
import { frozenGraph, IMAGE } from './frozen-graph.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { graphJson } from './tfjs-graph-json.js';

export const TFJS_CLASSIFIER = 'classifier';

/**
 * Writes a tfjs graph model (`tf.loadGraphModel`): `image`, int32 [batch, H, W, 3] RGB of any size in, resizing and preprocessing inside,
 * `embedding` of unit length out; where a classifier is given, a second one in the folder `classifier` gives `probabilities`.
 */
export async function writeTfjsGraph(
  model: FinishedModel,
  folder: string,
  { classifier = null, quantization = null }: { classifier?: ExportedClassifier | null; quantization?: Quantization | null } = {},
): Promise<void> {
  await write(model, model.head, 'embedding', folder, quantization, {});
  if (classifier === null) return;
  await mkdir(join(folder, TFJS_CLASSIFIER));
  const { head, labels } = classifier;
  await write(model, head, 'probabilities', join(folder, TFJS_CLASSIFIER), quantization, { labels });
}

async function write(
  model: FinishedModel,
  head: Head | null,
  end: 'embedding' | 'probabilities',
  folder: string,
  quantization: Quantization | null,
  userDefinedMetadata: object,
): Promise<void> {
  const { graph, length } = frozenGraph(model, head, end);
  const { topology, weights } = graphJson(graph.nodes());
  const info = (name: string, dtype: string, shape: readonly number[]) => ({
    name: `${name}:0`,
    dtype,
    tensorShape: { dim: shape.map((size) => ({ size: String(size) })) },
  });
  const json = {
    format: 'graph-model',
    generatedBy: 'ft',
    convertedBy: null,
    signature: {
      inputs: { [IMAGE]: info(IMAGE, 'DT_INT32', [-1, -1, -1, 3]) },
      outputs: { [end]: info(end, 'DT_FLOAT', [-1, length]) },
    },
    userDefinedMetadata,
    modelTopology: topology,
    weightsManifest: [await writeWeightFiles(folder, 'weights', weights, quantization)],
  };
  await writeFile(join(folder, 'model.json'), `${JSON.stringify(json)}\n`);
}
