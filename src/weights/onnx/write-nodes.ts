/** The ONNX nodes of each kind of layer, NCHW. */
import type { Layer, Padding, PoolLayer, Variable } from '../../network/network.js';
import { plainPadding } from '../explicit-padding.js';
import { permuted } from '../permute.js';
import type { Attributes, GraphParts } from './graph-parts.js';
import { writeActivation } from './write-activation.js';

/** What a layer's nodes need to know of the network. */
export interface WriteContext {
  readonly parts: GraphParts;
  readonly variable: (name: string) => Variable;
  /** Whether a layer gives vectors. */
  readonly isVector: (layer: string) => boolean;
  /** Whether a layer gives a map of one place, whatever the image. */
  readonly isPooled: (layer: string) => boolean;
  /** Whether a max-pool takes what a layer puts out. */
  readonly feedsMaximum: (layer: string) => boolean;
}

/** Adds the nodes of a layer; the last puts out the tensor of its name. The input has none. */
export function writeLayer(layer: Layer, context: WriteContext): void {
  const { parts, variable } = context;
  const [input = ''] = layer.inputs;
  const { name } = layer;
  const vector = (
    role: 'bias' | 'gamma' | 'beta' | 'mean' | 'variance',
    source: string | undefined,
    length: number,
    absent: number,
  ) => {
    const values = source === undefined ? new Float32Array(length).fill(absent) : variable(source).values;
    return parts.floats(source ?? `${name}/${role}`, [length], values);
  };
  switch (layer.kind) {
    case 'input':
      return;
    case 'conv':
    case 'depthwise-conv':
      writeConvolution(layer, context);
      return;
    case 'dense': {
      const { shape, values } = variable(layer.kernel);
      const kernel = parts.floats(layer.kernel, shape, values);
      const bias = layer.bias === undefined ? [] : [vector('bias', layer.bias, shape[1] ?? 0, 0)];
      parts.node('Gemm', [input, kernel, ...bias], name);
      return;
    }
    case 'batch-norm': {
      const length = variable(layer.mean).values.length;
      const weights = [
        vector('gamma', layer.gamma, length, 1),
        vector('beta', layer.beta, length, 0),
        vector('mean', layer.mean, length, 0),
        vector('variance', layer.variance, length, 1),
      ];
      parts.node('BatchNormalization', [input, ...weights], name, { epsilon: layer.epsilon, momentum: layer.momentum });
      return;
    }
    case 'layer-norm':
      writeLayerNorm(layer, context);
      return;
    case 'activation':
      writeActivation(layer, input, name, parts);
      return;
    case 'max-pool':
    case 'average-pool':
      parts.node(layer.kind === 'max-pool' ? 'MaxPool' : 'AveragePool', [input], name, poolAttributes(layer));
      return;
    case 'global-average-pool':
      if (layer.keepDims) parts.node('GlobalAveragePool', [input], name);
      else parts.node('ReduceMean', [input], name, { axes: [2, 3], keepdims: 0 });
      return;
    case 'add':
      writeChain('Add', layer, parts);
      return;
    case 'multiply':
      writeChain('Mul', layer, parts);
      return;
    case 'concat':
      parts.node('Concat', layer.inputs, name, { axis: 1 });
      return;
    case 'zero-pad': {
      const [top, bottom, left, right] = layer.padding;
      const pads = parts.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
      // onnxruntime (1.30: pad_fusion.cc) makes zeros before a MaxPool its own padding, which never wins a maximum, though a zero does over
      // what is negative; in resnet50-v2 that moved features by 1.5e-4. It compares the bytes of the value: those of −0 are not all zero.
      const zero = context.feedsMaximum(name) ? [parts.floats(`${name}/zero`, [], Float32Array.of(-0))] : [];
      parts.node('Pad', [input, pads, ...zero], name);
      return;
    }
    case 'flatten':
      writeFlatten(input, name, context);
      return;
  }
}

function writeConvolution(layer: Extract<Layer, { kind: 'conv' | 'depthwise-conv' }>, { parts, variable }: WriteContext): void {
  const { name, strides, dilations } = layer;
  const [input = ''] = layer.inputs;
  const { shape, values } = variable(layer.kernel);
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  const depthwise = layer.kind === 'depthwise-conv';
  const channels = depthwise ? inputs * outputs : outputs;
  const bias = (extents: readonly number[]) =>
    layer.bias === undefined ? [] : [parts.floats(layer.bias, extents, variable(layer.bias).values)];
  if (depthwise && height * width * outputs === 1 && strides.every((step) => step === 1) && typeof layer.padding === 'string') {
    // A number for each channel: a product says so, a convolution hides it.
    const factors = parts.floats(layer.kernel, [1, channels, 1, 1], values);
    const [shift] = bias([1, channels, 1, 1]);
    if (shift === undefined) parts.node('Mul', [input, factors], name);
    else parts.node('Add', [parts.node('Mul', [input, factors], `${name}/product`), shift], name);
    return;
  }
  // HWIO → OIHW; the outputs of a depthwise kernel run by channel first.
  const [extents, turned] = depthwise
    ? [[channels, 1, height, width], permuted(values, [height, width, channels], [2, 0, 1])]
    : [[outputs, inputs, height, width], permuted(values, shape, [3, 2, 0, 1])];
  const kernel = parts.floats(layer.kernel, extents, turned);
  parts.node('Conv', [input, kernel, ...bias([channels])], name, {
    kernel_shape: [height, width],
    strides,
    dilations,
    ...(depthwise ? { group: inputs } : {}),
    ...padAttributes(layer.padding, [height, width], strides, dilations),
  });
}

/** 'same' at stride 1 as the rows that it always is; at larger strides they depend on the map's size, which SAME_UPPER says. */
function padAttributes(
  padding: Padding,
  window: readonly [number, number],
  strides: readonly [number, number],
  dilations: readonly [number, number],
): Attributes {
  if (padding === 'valid') return {};
  if (padding !== 'same') return { pads: sides(padding) };
  const reach = (axis: 0 | 1) => (window[axis] - 1) * dilations[axis];
  const [top, left] = [Math.floor(reach(0) / 2), Math.floor(reach(1) / 2)];
  const explicit = [top, reach(0) - top, left, reach(1) - left] as const;
  if (strides.every((step) => step === 1))
    return plainPadding(explicit, window, strides, dilations) === 'valid' ? {} : { pads: sides(explicit) };
  return { auto_pad: 'SAME_UPPER' };
}

function sides([top, bottom, left, right]: Exclude<Padding, string>): number[] {
  return [top, left, bottom, right];
}

function poolAttributes(layer: PoolLayer): Attributes {
  const { size, strides, padding } = layer;
  return {
    kernel_shape: size,
    strides,
    ...padAttributes(padding, size, strides, [1, 1]),
    ...(layer.ceil === true && padding !== 'same' ? { ceil_mode: 1 } : {}),
    ...(layer.kind === 'average-pool' && layer.countsPadding === true && typeof padding !== 'string'
      ? { count_include_pad: 1 }
      : {}),
  };
}

function writeLayerNorm(layer: Extract<Layer, { kind: 'layer-norm' }>, { parts, variable, isVector }: WriteContext): void {
  const { name, gamma, beta, epsilon } = layer;
  const [input = ''] = layer.inputs;
  if (gamma === undefined && beta === undefined) {
    // LayerNormalization wants a scale, whose length nothing here says: a product with one number is broadcast.
    writePlainNorm(input, name, epsilon, parts);
    return;
  }
  const length = variable(gamma ?? beta ?? '').values.length;
  const scale = gamma === undefined ? new Float32Array(length).fill(1) : variable(gamma).values;
  const weights = [parts.floats(gamma ?? `${name}/gamma`, [length], scale)];
  if (beta !== undefined) weights.push(parts.floats(beta, [length], variable(beta).values));
  if (isVector(input)) {
    parts.node('LayerNormalization', [input, ...weights], name, { axis: -1, epsilon });
    return;
  }
  const last = parts.node('Transpose', [input], `${name}/channels_last`, { perm: [0, 2, 3, 1] });
  const normalised = parts.node('LayerNormalization', [last, ...weights], `${name}/normalised`, { axis: -1, epsilon });
  parts.node('Transpose', [normalised], name, { perm: [0, 3, 1, 2] });
}

function writePlainNorm(input: string, name: string, epsilon: number, parts: GraphParts): void {
  const mean = parts.node('ReduceMean', [input], `${name}/mean`, { axes: [1] });
  const deviation = parts.node('Sub', [input, mean], `${name}/deviation`);
  const squares = parts.node('Mul', [deviation, deviation], `${name}/squares`);
  const variance = parts.node('ReduceMean', [squares], `${name}/variance`, { axes: [1] });
  const sum = parts.node('Add', [variance, parts.floats(`${name}/epsilon`, [], Float32Array.of(epsilon))], `${name}/sum`);
  parts.node('Div', [deviation, parts.node('Sqrt', [sum], `${name}/root`)], name);
}

function writeChain(op: 'Add' | 'Mul', { inputs, name }: Layer, parts: GraphParts): void {
  const [first = '', ...rest] = inputs;
  if (rest.length === 0) parts.node('Identity', [first], name);
  rest.reduce((so, input, at) => parts.node(op, [so, input], at === rest.length - 1 ? name : `${name}/${at}`), first);
}

/** The network lays a map out place by place. */
function writeFlatten(input: string, name: string, { parts, isVector, isPooled }: WriteContext): void {
  const map =
    isVector(input) || isPooled(input)
      ? input
      : parts.node('Transpose', [input], `${name}/channels_last`, { perm: [0, 2, 3, 1] });
  parts.node('Flatten', [map], name, { axis: 1 });
}
