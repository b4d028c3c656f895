import type { FormatName } from '../formats.js';
import type { ImageLayout } from '../weights/onnx/image-entry.js';
import type { ExportQuantization, Quantization } from '../weights/quantize.js';
import type { CalibrationImages } from './calibration.js';
import { writeKerasExport } from './keras.js';
import type { ExportedClassifier, FinishedModel, Published } from './model.js';
import { writeOnnxModel } from './onnx.js';
import { writeSafetensors } from './safetensors.js';
import type { Result } from './saved-model/signatures.js';
import { writeSavedModel } from './savedmodel.js';
import { writeTfjsGraph } from './tfjs-graph.js';
import { writeTfjsLayersModel } from './tfjs-layers.js';

export interface ExportOptions {
  readonly classifier: ExportedClassifier | null;
  /** How others store such a backbone; null where no family knows it. */
  readonly published: Published | null;
  readonly quantization: ExportQuantization | null;
  /** By which a model is brought to int8; there where the quantization is that. */
  readonly calibration?: CalibrationImages | null;
  /** The order of an image's axes, where a format leaves a choice. */
  readonly layout: ImageLayout;
  /** What a SavedModel gives by default. */
  readonly result?: Result;
}

/** Writes a model in a format, into a folder that is there. */
type Write = (model: FinishedModel, folder: string, options: ExportOptions) => Promise<void>;

/** @throws Error where a format that stores weights alone in fewer bits is to compute in them */
function stored(options: ExportOptions): ExportOptions & { readonly quantization: Quantization | null } {
  const { quantization } = options;
  if (quantization === 'int8') throw new Error('int8 is for ONNX');
  return { ...options, quantization };
}

/** @throws Error where a model is to be in int8 and nothing says what numbers its maps hold, or in what ONNX is not written in */
function calibrated(options: ExportOptions): ExportOptions {
  const { quantization, calibration = null } = options;
  if ((quantization === 'int8') !== (calibration !== null) || (quantization ?? 'int8') !== 'int8')
    throw new Error(`ONNX as ${quantization}, ${calibration === null ? 'not ' : ''}calibrated`);
  return options;
}

export const exportFormats: Readonly<Record<FormatName, Write>> = {
  savedmodel: writeSavedModel,
  tfjs: async (model, folder, options) => writeTfjsLayersModel(model, folder, stored(options)),
  'tfjs-graph': async (model, folder, options) => writeTfjsGraph(model, folder, stored(options)),
  onnx: async (model, folder, options) => writeOnnxModel(model, folder, calibrated(options)),
  safetensors: writeSafetensors,
  keras: writeKerasExport,
};
