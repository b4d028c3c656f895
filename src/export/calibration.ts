/** What numbers a network's maps hold, measured on images. */
import type { onnx as Onnx } from 'onnx-proto';
import onnxProto from 'onnx-proto';
import { GraphParts } from '../weights/onnx/graph-parts.js';
import type { Ranges } from '../weights/onnx/quantize-graph.js';

/** Images by which ranges are measured: RGB bytes of square images, some at a time. */
export interface CalibrationImages {
  readonly side: number;
  /** How many they are. */
  readonly count: number;
  batches(): AsyncIterable<Uint8Array>;
}

/** The least and the largest number of a tensor in each image. */
export interface Extremes {
  readonly lowest: number[];
  readonly highest: number[];
}

/** The share of images whose own extremes lie within a range. */
const WITHIN = 0.95;

/**
 * A range that holds all numbers of 95 of 100 images, at each end: what a few images reach beyond it is cut, so that it takes no steps from all
 * others. On three networks this kept embeddings nearer than the extremes of all images, their means, or percentiles of single numbers.
 */
export function rangeWithin({ lowest, highest }: Extremes): [number, number] {
  const rising = (values: readonly number[]) => [...values].sort((a, b) => a - b);
  const place = Math.min(highest.length - 1, Math.floor(WITHIN * highest.length));
  return [rising(lowest)[lowest.length - 1 - place] as number, rising(highest)[place] as number];
}

/**
 * Runs a float model, whose input is `image` (uint8 [N, H, W, 3]), over the images.
 * @param tensors which tensors of it are looked at
 */
export async function measureExtremes(
  model: Onnx.IModelProto,
  tensors: readonly string[],
  { side, batches }: CalibrationImages,
): Promise<Map<string, Extremes>> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(onnxProto.onnx.ModelProto.encode(observed(model, tensors)).finish());
  const found = new Map(tensors.map((tensor): [string, Extremes] => [tensor, { lowest: [], highest: [] }]));
  try {
    for await (const pixels of batches()) {
      const image = new Tensor('uint8', pixels, [pixels.length / (side * side * 3), side, side, 3]);
      const result = await session.run({ image });
      for (const [at, { lowest, highest }] of [...found.values()].entries()) {
        for (const value of floats(result[`lowest/${at}`])) lowest.push(value);
        for (const value of floats(result[`highest/${at}`])) highest.push(value);
      }
    }
  } finally {
    await session.release();
  }
  return found;
}

function floats(tensor: { readonly data: unknown } | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('onnxruntime gave no numbers of a map');
  return tensor.data;
}

/** {@link measureExtremes} as one range for each tensor. */
export async function measureRanges(
  model: Onnx.IModelProto,
  tensors: readonly string[],
  images: CalibrationImages,
): Promise<Ranges> {
  const extremes = await measureExtremes(model, tensors, images);
  return new Map([...extremes].map(([tensor, one]) => [tensor, rangeWithin(one)]));
}

/** The model that puts out the extremes of tensors, by their places, and nothing else. */
function observed({ graph, ...model }: Onnx.IModelProto, tensors: readonly string[]): Onnx.IModelProto {
  const parts = new GraphParts();
  const outputs = tensors.flatMap((tensor, at) => {
    const flat = parts.node('Flatten', [tensor], `flat/${at}`, { axis: 1 });
    const none = { axes: [1], keepdims: 0 };
    return [parts.node('ReduceMin', [flat], `lowest/${at}`, none), parts.node('ReduceMax', [flat], `highest/${at}`, none)];
  });
  const output = outputs.map((name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'N' }] } } } }));
  return { ...model, graph: { ...graph, node: [...(graph?.node ?? []), ...parts.nodes], output } };
}
