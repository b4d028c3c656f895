import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PublishedTensor, publishedTensors } from '../backbones/publish.js';
import type { Network } from '../network/network.js';
import { writeKerasModel, writeKerasWeights } from '../weights/keras/write.js';
import type { ExportedClassifier, FinishedModel, Published } from './model.js';
import { wholeNetwork, withPreprocessing } from './whole-network.js';

export const KERAS_FILE = 'model.h5';
export const KERAS_CLASSIFIER = 'classifier.h5';
export const KERAS_BACKBONE = 'backbone.h5';

/** What the file of the embedding holds. */
export function kerasNetwork(model: FinishedModel): Network {
  return withPreprocessing(wholeNetwork(model, model.head, 'embedding_head'));
}

/** The backbone's weights as keras.applications has them; null where it has no such network. */
export function kerasBackbone(model: FinishedModel, published: Published | null): Map<string, PublishedTensor> | null {
  const layout = published?.variant.layouts.find(({ name }) => name === 'keras');
  if (published === null || layout === undefined) return null;
  return publishedTensors({ ...model.network, variables: wholeNetwork(model, null, '').variables }, published.variant, layout);
}

/**
 * Writes a Keras model as `.h5`: float32 [batch, side, side, 3] RGB of 0 … 255 in, preprocessing inside, `embedding` of unit length out; where
 * a classifier is given, a second file gives `probabilities`, with the labels beside it. Where keras.applications has the network, a third file
 * holds the backbone's weights by the names that it has there.
 */
export async function writeKerasExport(
  model: FinishedModel,
  folder: string,
  { classifier = null, published = null }: { classifier?: ExportedClassifier | null; published?: Published | null } = {},
): Promise<void> {
  await writeKerasModel(join(folder, KERAS_FILE), kerasNetwork(model), { name: 'embedding', operation: 'unit-length' });
  const backbone = kerasBackbone(model, published);
  if (backbone !== null) await writeKerasWeights(join(folder, KERAS_BACKBONE), backbone);
  if (classifier === null) return;
  const classes = withPreprocessing(wholeNetwork(model, classifier.head, 'classifier_head'));
  await writeKerasModel(join(folder, KERAS_CLASSIFIER), classes, { name: 'probabilities', operation: 'softmax' });
  await writeFile(join(folder, 'labels.json'), `${JSON.stringify(classifier.labels)}\n`);
}
