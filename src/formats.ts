/** What a trained model is written as. Stands below all folders, and loads nothing: a recipe names formats, `ft export --help` lists them, `export/` writes them. */

export const EXPORT_FORMATS = ['savedmodel', 'tfjs', 'tfjs-graph', 'onnx', 'safetensors', 'keras'] as const;
export type FormatName = (typeof EXPORT_FORMATS)[number];

export const QUANTIZATIONS = ['float16', 'uint8', 'int8'] as const;
export type QuantizationName = (typeof QUANTIZATIONS)[number];

/** In which fewer bits each can be written. */
export const WRITTEN_AS: Readonly<Record<FormatName, readonly QuantizationName[]>> = {
  savedmodel: [],
  tfjs: ['float16', 'uint8'],
  'tfjs-graph': ['float16', 'uint8'],
  onnx: ['int8'],
  safetensors: [],
  keras: [],
};
