import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageLayout } from '../weights/onnx/image-entry.js';
import { writeOnnx } from '../weights/onnx/write.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { wholeNetwork } from './whole-network.js';

export const ONNX_FILE = 'model.onnx';
export const ONNX_CLASSIFIER = 'classifier.onnx';

/**
 * Writes ONNX models of opset 17: `image`, uint8 [N, H, W, 3] (or [N, 3, H, W]) RGB of any size in, resizing and preprocessing inside;
 * `embedding` [N, dimensions] of unit length out of `model.onnx`, and where a classifier is given `probabilities` [N, classes] out of
 * `classifier.onnx`.
 */
export async function writeOnnxModel(
  model: FinishedModel,
  folder: string,
  { classifier = null, layout = 'nhwc' }: { classifier?: ExportedClassifier | null; layout?: ImageLayout } = {},
): Promise<void> {
  const image = { layout, side: model.side };
  const embedding = wholeNetwork(model, model.head, 'embedding_head');
  const end = { name: 'embedding', operation: 'unit-length' } as const;
  await writeFile(join(folder, ONNX_FILE), writeOnnx(embedding, { image, end }));
  if (classifier === null) return;
  const classes = wholeNetwork(model, classifier.head, 'classifier_head');
  await writeFile(
    join(folder, ONNX_CLASSIFIER),
    writeOnnx(classes, { image, end: { name: 'probabilities', operation: 'softmax' } }),
  );
}
