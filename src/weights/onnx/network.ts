import { UserError, unknownName } from '../../errors.js';
import type { Layer, Network, Preprocessing, Variable, VariableRole } from '../../network/network.js';
import { channelsOf } from '../channels.js';
import { plainPadding } from '../explicit-padding.js';
import { assignStages, type StagePatterns } from '../stages.js';
import { type OnnxGraph, type OnnxNode, readOnnxGraph } from './graph.js';

export interface OnnxOptions {
  /** What an error calls the file. */
  where: string;
  /** The tensor of the file that is the feature map, e.g. `Relu_48:0`. */
  output: string;
  name: string;
  side: number;
  preprocessing: Preprocessing;
  stages: StagePatterns;
  /** The layer's name, from the tensor that the node puts out and the new names of the layers that feed it. */
  nameOf?: (node: { op: string; output: string; inputs: readonly string[] }) => string;
}

/**
 * An ONNX model (NCHW, OIHW) as a neutral Network (NHWC, HWIO), up to one tensor. Understood: Conv (one group, or
 * depthwise), Relu, MaxPool, Add, GlobalAveragePool and its form ReduceMean over the axes 2 and 3, and the Transpose from
 * NHWC at the input. Any other operation below `output` is an error that says where it stands.
 */
export function readOnnx(bytes: Uint8Array, options: OnnxOptions): Network {
  const graph = readOnnxGraph(bytes, options.where);
  const nodes = nodesBelow(graph, options);
  const nameOf = options.nameOf ?? (({ output }) => output.replace(/:0$/, ''));
  const input = graph.input.replace(/:0$/, '');
  const layerOf = new Map([[graph.input, input]]);
  const layers: Layer[] = [{ kind: 'input', name: input, inputs: [], stage: '' }];
  const variables = new Map<string, Variable>();
  for (const node of nodes) {
    const inputs = node.inputs.filter((name) => !graph.isConstant(name)).map((name) => layerOf.get(name) ?? '');
    if (node.op === 'Transpose' && node.inputs[0] === graph.input && node.ints('perm', []).join() === '0,3,1,2') {
      layerOf.set(node.output, input);
      continue;
    }
    const name = nameOf({ op: node.op, output: node.output, inputs });
    if (layers.some((layer) => layer.name === name))
      throw new UserError({ where: options.where, what: `two layers are named '${name}'`, found: node.name });
    const { layer, weights } = readLayer(node, graph, name, inputs, options.where);
    layers.push(layer);
    for (const variable of weights) variables.set(variable.name, variable);
    layerOf.set(node.output, name);
  }
  const output = layerOf.get(options.output) ?? '';
  const stages = assignStages(
    layers.map((layer) => layer.name),
    options.stages,
    options.where,
  );
  return {
    name: options.name,
    preprocessing: options.preprocessing,
    side: options.side,
    layers: layers.map((layer) => ({ ...layer, stage: stages.get(layer.name) ?? '' })),
    variables,
    output,
    features: channelsOf(output, new Map(layers.map((layer) => [layer.name, layer])), variables),
    stages: Object.keys(options.stages),
  };
}

/** The nodes that the output needs, in the file's order, which ONNX demands to be topological. */
function nodesBelow(graph: OnnxGraph, options: OnnxOptions): OnnxNode[] {
  const outputs = graph.nodes.map((node) => node.output);
  if (!outputs.includes(options.output)) throw new UserError(unknownName(options.output, outputs, 'tensor', options.where));
  const needed = new Set([options.output]);
  const below: OnnxNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!needed.has(node.output)) continue;
    below.unshift(node);
    for (const name of node.inputs) needed.add(name);
  }
  return below;
}

function readLayer(
  node: OnnxNode,
  graph: OnnxGraph,
  name: string,
  inputs: string[],
  where: string,
): { layer: Layer; weights: Variable[] } {
  const base = { name, inputs, stage: '' };
  const refuse = (what: string, expected: string): never => {
    throw new UserError({ where, what: `${node.op} '${node.name}' ${what}`, expected });
  };
  switch (node.op) {
    case 'Conv':
      return readConv(node, graph, base, refuse);
    case 'Relu':
      return { layer: { ...base, kind: 'activation', activation: 'relu' }, weights: [] };
    case 'Add':
      if (inputs.length !== 2) refuse('adds a constant', 'the sum of two layers');
      return { layer: { ...base, kind: 'add' }, weights: [] };
    case 'MaxPool': {
      const size = pair(node.ints('kernel_shape', []));
      const strides = pair(node.ints('strides', [1, 1]));
      if (node.int('ceil_mode', 0) !== 0 || node.ints('dilations', [1, 1]).some((step) => step !== 1))
        refuse('rounds up or is dilated', 'ceil_mode 0, dilations 1');
      return {
        layer: { ...base, kind: 'max-pool', size, strides, padding: readPadding(node, size, strides, [1, 1], refuse) },
        weights: [],
      };
    }
    case 'GlobalAveragePool':
      return { layer: { ...base, kind: 'global-average-pool', keepDims: true }, weights: [] };
    case 'ReduceMean': {
      const given = node.inputs[1] === undefined ? node.ints('axes', []) : graph.integers(node.inputs[1]);
      const axes = given.map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
      if (axes.join() !== '2,3') refuse(`averages over the axes ${axes.join(', ')}`, 'height and width, 2 and 3');
      return { layer: { ...base, kind: 'global-average-pool', keepDims: node.int('keepdims', 1) === 1 }, weights: [] };
    }
    default:
      return refuse(
        'is an operation that ft does not read',
        'Conv, Relu, MaxPool, Add, GlobalAveragePool, ReduceMean, or a Transpose of the input',
      );
  }
}

type Refuse = (what: string, expected: string) => never;

function readConv(
  node: OnnxNode,
  graph: OnnxGraph,
  base: { name: string; inputs: string[]; stage: string },
  refuse: Refuse,
): { layer: Layer; weights: Variable[] } {
  const kernel = graph.constant(node.inputs[1] ?? '');
  const [out = 0, perGroup = 0, height = 0, width = 0] = kernel.shape;
  if (kernel.shape.length !== 4) refuse(`has a kernel of rank ${kernel.shape.length}`, 'rank 4');
  const groups = node.int('group', 1);
  const strides = pair(node.ints('strides', [1, 1]));
  const dilations = pair(node.ints('dilations', [1, 1]));
  const padding = readPadding(node, [height, width], strides, dilations, refuse);
  const variable = (role: VariableRole, shape: number[], values: Float32Array): Variable => ({
    name: `${base.name}/${role}`,
    layer: base.name,
    role,
    shape,
    values,
  });
  const depthwise = groups > 1;
  if (depthwise && perGroup !== 1)
    refuse(`has ${groups} groups of ${perGroup} channels`, 'one group, or a channel a group (depthwise)');
  const weights = [
    // OIHW → HWIO. Depthwise: the output channels of an input channel stand together, as TensorFlow wants them.
    depthwise
      ? variable('kernel', [height, width, groups, out / groups], channelsLast(kernel.values, out, 1, height, width))
      : variable('kernel', [height, width, perGroup, out], channelsLast(kernel.values, out, perGroup, height, width)),
  ];
  if (node.inputs[2]) {
    const bias = graph.constant(node.inputs[2]);
    weights.push(variable('bias', bias.shape, bias.values));
  }
  const bias = node.inputs[2] ? { bias: `${base.name}/bias` } : {};
  return {
    layer: {
      ...base,
      kind: depthwise ? 'depthwise-conv' : 'conv',
      kernel: `${base.name}/kernel`,
      ...bias,
      strides,
      dilations,
      padding,
    },
    weights,
  };
}

function readPadding(
  node: OnnxNode,
  window: readonly [number, number],
  strides: readonly [number, number],
  dilations: readonly [number, number],
  refuse: Refuse,
) {
  const rule = node.text('auto_pad', 'NOTSET');
  switch (rule) {
    case 'SAME_UPPER':
      return 'same' as const;
    case 'VALID':
      return 'valid' as const;
    case 'NOTSET': {
      const [top = 0, left = 0, bottom = 0, right = 0] = node.ints('pads', [0, 0, 0, 0]);
      return plainPadding([top, bottom, left, right], window, strides, dilations);
    }
    default:
      return refuse(`pads by the rule ${rule}`, 'explicit pads, SAME_UPPER or VALID');
  }
}

/** `[out, in, height, width]` → `[height, width, in, out]`. */
function channelsLast(values: Float32Array, out: number, input: number, height: number, width: number): Float32Array {
  const result = new Float32Array(values.length);
  let from = 0;
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < input; i++) {
      for (let place = 0; place < height * width; place++) result[(place * input + i) * out + o] = values[from++] ?? 0;
    }
  }
  return result;
}

function pair(values: number[]): readonly [number, number] {
  return [values[0] ?? 1, values[1] ?? 1];
}
