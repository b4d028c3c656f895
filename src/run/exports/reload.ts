/** Exported models, loaded again as their consumers load them, by code that did not write them. */
import { join, resolve } from 'node:path';
import { ONNX_CLASSIFIER, ONNX_FILE } from '../../export/onnx.js';
import { LoadedSavedModel } from '../../export/savedmodel.js';
import { TFJS_CLASSIFIER } from '../../export/tfjs-graph.js';
import type { FormatName } from '../../formats.js';
import { unitRows } from '../../heads/unit.js';
import { type Tensor, tf } from '../../runtime/tensorflow.js';

export type Output = 'embedding' | 'probabilities';

/** A loaded model: the rows of its output for square images given as RGB bytes, row-major. */
export interface Reloaded {
  run(pixels: Uint8Array, side: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Formats that hold weights and no computation: their numbers are compared instead. */
export type Computing = Exclude<FormatName, 'safetensors' | 'keras'>;

export function reload(format: Computing, folder: string, output: Output): Promise<Reloaded> {
  switch (format) {
    case 'savedmodel':
      return savedModel(folder, output);
    case 'onnx':
      return onnx(join(folder, output === 'embedding' ? ONNX_FILE : ONNX_CLASSIFIER), output);
    case 'tfjs-graph':
      return graphModel(output === 'embedding' ? folder : join(folder, TFJS_CLASSIFIER));
    case 'tfjs':
      return layersModel(output === 'embedding' ? folder : join(folder, TFJS_CLASSIFIER), output);
  }
}

async function savedModel(folder: string, output: Output): Promise<Reloaded> {
  const loaded = new LoadedSavedModel(folder, output);
  return {
    run: async (pixels, side) => loaded.run(pixels, [side, side]),
    close: async () => loaded.close(),
  };
}

/**
 * Products of uint8 and int8 are summed in 16 bits by processors of x86 without VNNI, which overflow where kernels use all 127 steps: what is
 * measured would be the processor's. Exact sums cost some speed, of int8 models alone.
 * @see onnxruntime's onnxruntime_session_options_config_keys.h
 */
const EXACT = { extra: { session: { x64quantprecision: '1' } } } as const;

async function onnx(file: string, output: Output): Promise<Reloaded> {
  const { InferenceSession, Tensor: OnnxTensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(file, EXACT);
  const [input] = session.inputMetadata;
  const channelsFirst = input?.isTensor === true && input.shape[1] === 3;
  return {
    async run(pixels, side) {
      const count = pixels.length / (side * side * 3);
      const image = channelsFirst
        ? new OnnxTensor('uint8', planesOf(pixels, side), [count, 3, side, side])
        : new OnnxTensor('uint8', pixels, [count, side, side, 3]);
      const result = await session.run({ image });
      return result[output]?.data as Float32Array;
    },
    close: () => session.release(),
  };
}

/** [N, H, W, 3] → [N, 3, H, W]. */
function planesOf(pixels: Uint8Array, side: number): Uint8Array {
  const planes = new Uint8Array(pixels.length);
  const place = side * side;
  for (let image = 0; image < pixels.length; image += 3 * place)
    for (let at = 0; at < place; at++)
      for (let c = 0; c < 3; c++) planes[image + c * place + at] = pixels[image + 3 * at + c] as number;
  return planes;
}

/** As tfjs takes it: it decodes nothing, so a space stays a space. */
function fileAddress(folder: string): string {
  return `file://${resolve(folder, 'model.json')}`;
}

async function graphModel(folder: string): Promise<Reloaded> {
  const model = await tf.loadGraphModel(fileAddress(folder));
  return {
    run: (pixels, side) => predicted(pixels, side, 'int32', (image) => model.predict({ image }) as Tensor),
    close: async () => model.dispose(),
  };
}

async function layersModel(folder: string, output: Output): Promise<Reloaded> {
  const model = await tf.loadLayersModel(fileAddress(folder));
  return {
    async run(pixels, side) {
      const rows = await predicted(pixels, side, 'float32', (image) => model.predict(image) as Tensor);
      // Such a model ends before the unit length (see writeTfjsLayersModel).
      return output === 'embedding' ? unitRows(rows, rows.length / (pixels.length / (side * side * 3))) : rows;
    },
    close: async () => void model.dispose(),
  };
}

async function predicted(
  pixels: Uint8Array,
  side: number,
  dtype: 'int32' | 'float32',
  predict: (image: Tensor) => Tensor,
): Promise<Float32Array> {
  const values = dtype === 'int32' ? Int32Array.from(pixels) : Float32Array.from(pixels);
  const image = tf.tensor4d(values, [pixels.length / (side * side * 3), side, side, 3], dtype);
  const result = predict(image);
  const rows = (await result.data()) as Float32Array;
  tf.dispose([image, result]);
  return rows.slice();
}
