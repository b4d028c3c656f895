import { join } from 'node:path';
import { foldedNetwork } from '../network/folded-network.js';
import type { Network } from '../network/network.js';
import type { ImageLayout } from '../weights/onnx/image-entry.js';
import { planQuantization } from '../weights/onnx/quantize-plan.js';
import { LARGEST, onnxModel, refuseOverLarge } from '../weights/onnx/write.js';
import { type OnnxFileOptions, writeOnnxFile } from '../weights/onnx/write-file.js';
import { type CalibrationImages, measureRanges } from './calibration.js';
import type { ExportedClassifier, FinishedModel } from './model.js';
import { wholeNetwork } from './whole-network.js';

export const ONNX_FILE = 'model.onnx';
export const ONNX_CLASSIFIER = 'classifier.onnx';

interface OnnxExportOptions {
  readonly classifier?: ExportedClassifier | null;
  readonly layout?: ImageLayout;
  readonly largest?: number;
  /** By which the backbone is brought to int8; null: it stays float32. */
  readonly calibration?: CalibrationImages | null;
}

/**
 * Writes ONNX models of opset 17: `image`, uint8 [N, H, W, 3] (or [N, 3, H, W]) RGB of any size in, resizing and preprocessing inside;
 * `embedding` [N, dimensions] of unit length out of `model.onnx`, and where a classifier is given `probabilities` [N, classes] out of
 * `classifier.onnx`. Weights of more than `largest` bytes (a protobuf message's, unless told) lie beside each in `NAME.onnx.data`.
 * With `calibration` the backbone is static int8 (see `quantizedGraph`); what stands before it, the global pool and the head stay float32.
 */
export async function writeOnnxModel(
  model: FinishedModel,
  folder: string,
  { classifier = null, layout = 'nhwc', largest = LARGEST, calibration = null }: OnnxExportOptions = {},
): Promise<void> {
  const image = { layout, side: model.side };
  const ready = (network: Network) => (calibration === null ? network : foldedNetwork(network));
  const embedding = ready(wholeNetwork(model, model.head, 'embedding_head'));
  const end = { name: 'embedding', operation: 'unit-length' } as const;
  const integers = calibration === null ? {} : { integers: await integersOf(model, embedding, end, calibration) };
  await writeOnnxFile(join(folder, ONNX_FILE), embedding, { image, end, largest, ...integers });
  if (classifier === null) return;
  const classes = ready(wholeNetwork(model, classifier.head, 'classifier_head'));
  const classesEnd = { name: 'probabilities', operation: 'softmax' } as const;
  await writeOnnxFile(join(folder, ONNX_CLASSIFIER), classes, { image, end: classesEnd, largest, ...integers });
}

/** The backbone's layers, and what numbers their tensors hold: the same under every head. */
async function integersOf(
  model: FinishedModel,
  network: Network,
  end: OnnxFileOptions['end'],
  calibration: CalibrationImages,
): Promise<NonNullable<OnnxFileOptions['integers']>> {
  // Ranges are measured on the float model, which goes to onnxruntime as one message.
  refuseOverLarge(network);
  const layers = new Set(model.network.layers.map(({ name }) => name));
  const float = onnxModel(network, { image: { layout: 'nhwc', side: model.side }, ...(end && { end }) });
  const { tensors, same } = planQuantization(float.graph, layers);
  const measured = tensors.filter((tensor) => !same.has(tensor));
  return { layers, ranges: await measureRanges(float, measured, calibration) };
}
