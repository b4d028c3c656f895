import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Network } from '../network/network.js';
import { writeKerasModel } from '../weights/keras/write.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { wholeNetwork, withPreprocessing } from './whole-network.js';

export const KERAS_FILE = 'model.h5';
export const KERAS_CLASSIFIER = 'classifier.h5';

/** What the file of the embedding holds. */
export function kerasNetwork(model: FinishedModel): Network {
  return withPreprocessing(wholeNetwork(model, model.head, 'embedding_head'));
}

/**
 * Writes a Keras model as `.h5`: float32 [batch, side, side, 3] RGB of 0 … 255 in, preprocessing inside, `embedding` of unit length out; where
 * a classifier is given, a second file gives `probabilities`, with the labels beside it.
 */
export async function writeKerasExport(
  model: FinishedModel,
  folder: string,
  { classifier = null }: { classifier?: ExportedClassifier | null } = {},
): Promise<void> {
  await writeKerasModel(join(folder, KERAS_FILE), kerasNetwork(model), { name: 'embedding', operation: 'unit-length' });
  if (classifier === null) return;
  const classes = withPreprocessing(wholeNetwork(model, classifier.head, 'classifier_head'));
  await writeKerasModel(join(folder, KERAS_CLASSIFIER), classes, { name: 'probabilities', operation: 'softmax' });
  await writeFile(join(folder, 'labels.json'), `${JSON.stringify(classifier.labels)}\n`);
}
