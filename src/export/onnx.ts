import { join } from 'node:path';
import type { ImageLayout } from '../weights/onnx/image-entry.js';
import { LARGEST } from '../weights/onnx/write.js';
import { writeOnnxFile } from '../weights/onnx/write-file.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { wholeNetwork } from './whole-network.js';

export const ONNX_FILE = 'model.onnx';
export const ONNX_CLASSIFIER = 'classifier.onnx';

interface OnnxExportOptions {
  readonly classifier?: ExportedClassifier | null;
  readonly layout?: ImageLayout;
  readonly largest?: number;
}

/**
 * Writes ONNX models of opset 17: `image`, uint8 [N, H, W, 3] (or [N, 3, H, W]) RGB of any size in, resizing and preprocessing inside;
 * `embedding` [N, dimensions] of unit length out of `model.onnx`, and where a classifier is given `probabilities` [N, classes] out of
 * `classifier.onnx`. Weights of more than `largest` bytes (a protobuf message's, unless told) lie beside each in `NAME.onnx.data`.
 */
export async function writeOnnxModel(
  model: FinishedModel,
  folder: string,
  { classifier = null, layout = 'nhwc', largest = LARGEST }: OnnxExportOptions = {},
): Promise<void> {
  const image = { layout, side: model.side };
  const embedding = wholeNetwork(model, model.head, 'embedding_head');
  const end = { name: 'embedding', operation: 'unit-length' } as const;
  await writeOnnxFile(join(folder, ONNX_FILE), embedding, { image, end, largest });
  if (classifier === null) return;
  const classes = wholeNetwork(model, classifier.head, 'classifier_head');
  const classesEnd = { name: 'probabilities', operation: 'softmax' } as const;
  await writeOnnxFile(join(folder, ONNX_CLASSIFIER), classes, { image, end: classesEnd, largest });
}
