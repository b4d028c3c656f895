import type { ImageLayout } from '../weights/onnx/image-entry.js';
import type { Quantization } from '../weights/quantize.js';
import { writeKerasExport } from './keras.js';
import type { ExportedClassifier, FinishedModel, Published } from './model.js';
import { writeOnnxModel } from './onnx.js';
import { writeSafetensors } from './safetensors.js';
import type { Result } from './saved-model/signatures.js';
import { writeSavedModel } from './savedmodel.js';
import { writeTfjsGraph } from './tfjs-graph.js';
import { writeTfjsLayersModel } from './tfjs-layers.js';

export const EXPORT_FORMATS = ['savedmodel', 'tfjs', 'tfjs-graph', 'onnx', 'safetensors', 'keras'] as const;
export type FormatName = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly classifier: ExportedClassifier | null;
  /** How others store such a backbone; null where no family knows it. */
  readonly published: Published | null;
  readonly quantization: Quantization | null;
  /** The order of an image's axes, where a format leaves a choice. */
  readonly layout: ImageLayout;
  /** What a SavedModel gives by default. */
  readonly result?: Result;
}

/** Writes a model in a format, into a folder that is there. */
type Write = (model: FinishedModel, folder: string, options: ExportOptions) => Promise<void>;

export const exportFormats: Readonly<Record<FormatName, Write>> = {
  savedmodel: writeSavedModel,
  tfjs: writeTfjsLayersModel,
  'tfjs-graph': writeTfjsGraph,
  onnx: writeOnnxModel,
  safetensors: writeSafetensors,
  keras: writeKerasExport,
};
