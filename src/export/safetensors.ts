import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishedTensors } from '../backbones/publish.js';
import type { Head } from '../heads/head.js';
import { writeCheckpoint } from '../runtime/checkpoint.js';
import { permuted } from '../weights/permute.js';
import type { ExportedClassifier, FinishedModel, Published } from './model.js';
import { wholeNetwork } from './whole-network.js';

export const BACKBONE_FILE = 'backbone.safetensors';
export const HEAD_FILE = 'head.safetensors';
export const CLASSIFIER_FILE = 'classifier.safetensors';

/**
 * Writes the weights as safetensors: the backbone's by the names and in the order of its publisher, so that torchvision or timm take them
 * by `load_state_dict`, or by ft's own names where no family knows the network; the head's as `weight` [outputs, inputs] and `bias`, as
 * `torch.nn.Linear` has them, in a file of their own; a classifier's likewise.
 */
export async function writeSafetensors(
  model: FinishedModel,
  folder: string,
  { classifier = null, published = null }: { classifier?: ExportedClassifier | null; published?: Published | null } = {},
): Promise<void> {
  const { variables } = wholeNetwork(model, null, '');
  const network = { ...model.network, variables };
  const tensors = published === null ? variables : publishedTensors(network, published.variant, published.layout);
  await writeCheckpoint(join(folder, BACKBONE_FILE), {
    tensors: Object.fromEntries([...tensors].map(([name, { shape, values }]) => [name, { shape, values }])),
    meta: { network: published?.variant.name ?? model.network.name, publisher: published?.layout.name ?? 'ft' },
  });
  if (model.head !== null) await writeLinear(join(folder, HEAD_FILE), model.head);
  if (classifier === null) return;
  await writeLinear(join(folder, CLASSIFIER_FILE), classifier.head);
  await writeFile(join(folder, 'labels.json'), `${JSON.stringify(classifier.labels)}\n`);
}

async function writeLinear(path: string, head: Head): Promise<void> {
  await writeCheckpoint(path, { tensors: linearTensors(head), meta: {} });
}

/** A head as `torch.nn.Linear` has it. */
export function linearTensors({ kernel, bias, inputs, outputs }: Head) {
  const weight = permuted(kernel, [inputs, outputs], [1, 0]);
  return { weight: { shape: [outputs, inputs], values: weight }, bias: { shape: [outputs], values: bias } };
}
