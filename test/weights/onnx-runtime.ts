/** onnxruntime beside ft, on the same image. */
import * as ort from 'onnxruntime-node';
import { u } from '../train/formula.js';

/** A normalised image of the formula, NHWC: what `image` of test/golden/onnx-files.py gives. */
export function formulaImage(height: number, width: number, name = 'image'): Float32Array {
  return Float32Array.from(u(name, height * width * 3), (value) => value * 4);
}

/** [N, C, H, W] → [N, H, W, C]; vectors as they are. */
export function channelsLast(values: Float32Array, dims: readonly number[]): Float32Array {
  if (dims.length !== 4) return values;
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const result = new Float32Array(values.length);
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      for (let place = 0; place < h * w; place++)
        result[(image * h * w + place) * c + channel] = values[(image * c + channel) * h * w + place] ?? 0;
    }
  }
  return result;
}

/** [N, H, W, C] → [N, C, H, W]. */
export function channelsFirst(values: Float32Array, [n = 0, h = 0, w = 0, c = 0]: readonly number[]): Float32Array {
  const result = new Float32Array(values.length);
  for (let image = 0; image < n; image++) {
    for (let place = 0; place < h * w; place++) {
      for (let channel = 0; channel < c; channel++)
        result[(image * c + channel) * h * w + place] = values[(image * h * w + place) * c + channel] ?? 0;
    }
  }
  return result;
}

/** What onnxruntime makes of NHWC images, NHWC, for a model with one input, NCHW, and one output. */
export async function runOnnx(
  model: Uint8Array | string,
  images: Float32Array,
  shape: readonly [number, number, number, number],
  graphOptimizationLevel: 'disabled' | 'all' = 'all',
): Promise<{ shape: number[]; values: Float32Array }> {
  const session = await (typeof model === 'string'
    ? ort.InferenceSession.create(model, { logSeverityLevel: 3, graphOptimizationLevel })
    : ort.InferenceSession.create(model, { logSeverityLevel: 3, graphOptimizationLevel }));
  const [n, h, w, c] = shape;
  const feeds = { [session.inputNames[0] as string]: new ort.Tensor('float32', channelsFirst(images, shape), [n, c, h, w]) };
  const result = (await session.run(feeds))[session.outputNames[0] as string] as ort.Tensor;
  await session.release();
  const dims = result.dims.length === 4 ? [result.dims[0], result.dims[2], result.dims[3], result.dims[1]] : [...result.dims];
  return { shape: dims as number[], values: channelsLast(result.data as Float32Array, result.dims) };
}
