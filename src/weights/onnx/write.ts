import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { UserError } from '../../errors.js';
import type { Layer, Network } from '../../network/network.js';
import { GraphParts } from './graph-parts.js';
import { type ImageLayout, imageEntry } from './image-entry.js';
import { preprocessingTold } from './told.js';
import { writeLayer } from './write-nodes.js';

const OPSET = 17;
/** An ONNX tensor's numbers of types. */
const FLOAT = 1;
const UINT8 = 2;
/** The name of what an exported graph takes. */
const IMAGE = 'image';
/** The version of the file's format that came with opset 17. */
const IR_VERSION = 8;
/** Bytes of weights that a protobuf message can hold, with room for the graph. */
export const LARGEST = 2 ** 31 - 1 - 2 ** 24;

export interface OnnxWriteOptions {
  /** The graph takes RGB of 0 … 255 and normalises it itself; left out: it takes what {@link Network.preprocessing} makes of them. */
  readonly pixels?: boolean;
  /** The graph takes uint8 images of any size as `image` and resizes and normalises them itself. */
  readonly image?: { readonly layout: ImageLayout; readonly side: number };
  /** What is done to the vectors that the network gives, and the name of what comes out. */
  readonly end?: { readonly name: string; readonly operation: 'unit-length' | 'softmax' };
}

/**
 * A network as an ONNX model of opset 17 with its weights inside: NCHW, the input [N, 3, H, W] of any size, tensors named
 * after the layers. The output is the network's: [N, C, H, W], or [N, C] where it gives vectors.
 * @throws UserError where the weights are more than the 2 GB of a protobuf message
 */
export function writeOnnx(network: Network, options: OnnxWriteOptions = {}): Uint8Array {
  refuseOverLarge(network);
  return onnxProto.onnx.ModelProto.encode(onnxModel(network, options)).finish();
}

/** @throws UserError where the weights are more than the 2 GB of a protobuf message */
export function refuseOverLarge(network: Network): void {
  const bytes = [...network.variables.values()].reduce((sum, { values }) => sum + values.byteLength, 0);
  if (bytes > LARGEST)
    throw new UserError({
      what: `${network.name} is too large for one ONNX file`,
      expected: `2 GB`,
      found: `${bytes} bytes of weights`,
    });
}

/** The message of {@link writeOnnx}, before it is encoded. */
export function onnxModel(network: Network, options: OnnxWriteOptions): Onnx.IModelProto & { readonly graph: Onnx.IGraphProto } {
  const layers = layersBelow(network);
  const shapes = new Map<string, Shape>();
  for (const layer of layers) shapes.set(layer.name, shapeOf(layer, shapes));
  const maxima = new Set(layers.flatMap((layer) => (layer.kind === 'max-pool' ? layer.inputs : [])));
  const parts = new GraphParts();
  const input = layers[0]?.name ?? '';
  const image = options.image && imageEntry(parts, IMAGE, options.image.layout, options.image.side);
  const renamed = image !== undefined || options.pixels === true ? normalised(network, image ?? input, parts) : input;
  const context = {
    parts,
    variable: (name: string) => {
      const found = network.variables.get(name);
      if (found === undefined) throw new Error(`there is no variable '${name}'`);
      return found;
    },
    isVector: (name: string) => shapes.get(name) === 'vector',
    isPooled: (name: string) => shapes.get(name) === 'pooled',
    feedsMaximum: (name: string) => maxima.has(name),
  };
  for (const layer of layers)
    writeLayer({ ...layer, inputs: layer.inputs.map((name) => (name === input ? renamed : name)) }, context);
  const output = shapes.get(network.output) === 'vector' ? ['N', network.features] : ['N', network.features, 'height', 'width'];
  if (options.end !== undefined) ended(options.end, network.output, parts);
  return {
    irVersion: IR_VERSION,
    producerName: 'ft',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: options.pixels === true || image !== undefined ? [] : [preprocessingTold(network.preprocessing)],
    graph: {
      name: network.name,
      node: parts.nodes,
      initializer: parts.initializers,
      input: [
        options.image === undefined
          ? described(input, ['N', 3, 'H', 'W'])
          : described(IMAGE, options.image.layout === 'nchw' ? ['N', 3, 'H', 'W'] : ['N', 'H', 'W', 3], UINT8),
      ],
      output: [described(options.end?.name ?? network.output, output)],
    },
  };
}

function ended({ name, operation }: NonNullable<OnnxWriteOptions['end']>, output: string, parts: GraphParts): void {
  if (operation === 'softmax') parts.node('Softmax', [output], name, { axis: -1 });
  else parts.node('LpNormalization', [output], name, { axis: -1, p: 2 });
}

/** 'map' of any size, 'pooled': a map of one place, or vectors. */
type Shape = 'map' | 'pooled' | 'vector';

function shapeOf(layer: Layer, shapes: ReadonlyMap<string, Shape>): Shape {
  const inputs = layer.inputs.map((name) => shapes.get(name) ?? 'map');
  const [first = 'map'] = inputs;
  switch (layer.kind) {
    case 'input':
    case 'zero-pad':
      return 'map';
    case 'conv':
    case 'depthwise-conv':
    case 'max-pool':
    case 'average-pool':
      // With rows of its own a window may make one place several.
      return first === 'pooled' && typeof layer.padding === 'string' ? 'pooled' : 'map';
    case 'global-average-pool':
      return layer.keepDims ? 'pooled' : 'vector';
    case 'dense':
    case 'flatten':
      return 'vector';
    case 'add':
    case 'concat':
    case 'multiply':
      return inputs.every((shape) => shape === first) ? first : 'map';
    case 'batch-norm':
    case 'layer-norm':
    case 'activation':
      return first;
  }
}

/** (rgb − mean) / std as the graph's first two nodes. */
function normalised({ preprocessing }: Network, input: string, parts: GraphParts): string {
  const triple = (name: string, values: readonly number[]) =>
    parts.floats(`${input}/${name}`, [1, 3, 1, 1], Float32Array.from(values));
  const centred = parts.node('Sub', [input, triple('mean', preprocessing.mean)], `${input}/centred`);
  return parts.node('Div', [centred, triple('std', preprocessing.std)], `${input}/normalised`);
}

function layersBelow({ layers, output }: Network): Layer[] {
  const needed = new Set([output]);
  const below = [...layers].reverse().filter((layer) => {
    if (!needed.has(layer.name)) return layer.kind === 'input';
    for (const name of layer.inputs) needed.add(name);
    return true;
  });
  return below.reverse();
}

function described(name: string, dims: readonly (number | string)[], elemType = FLOAT): Onnx.IValueInfoProto {
  const dim = dims.map((extent) => (typeof extent === 'string' ? { dimParam: extent } : { dimValue: extent }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
