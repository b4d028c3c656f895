/** Sums, products, normalisations and activations: what leaves a map its size. */
import type { ActivationName, Layer, VariableRole } from '../../network/network.js';
import { axesOf } from './constants.js';
import type { Draft, Weights } from './draft.js';
import type { OnnxNode } from './graph.js';
import { clipBounds } from './patterns.js';
import { lettersOf, type MapValue, perChannel, sameLetters } from './values.js';

/** Klambauer et al. 2017, Self-Normalizing Neural Networks. */
const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 } as const;

export function readActivation(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  const activation = activationOf(node, map, draft);
  const slope = activation === 'leaky-relu' ? { slope: node.float('alpha', 0.01) } : {};
  const layer = draft.add(node, [map], { kind: 'activation', activation, ...slope });
  return { ...map, layer, shared: false };
}

function activationOf(node: OnnxNode, map: MapValue, draft: Draft): ActivationName {
  switch (node.op) {
    case 'Relu':
      return 'relu';
    case 'Sigmoid':
      return 'sigmoid';
    case 'Tanh':
      return 'tanh';
    case 'Swish':
      return 'swish';
    case 'HardSwish':
      return 'hard-swish';
    case 'HardSigmoid': {
      const [alpha, beta] = [node.float('alpha', 0.2), node.float('beta', 0.5)];
      if (Math.abs(alpha - 1 / 6) < 1e-5 && Math.abs(beta - 0.5) < 1e-5) return 'hard-sigmoid';
      return draft.refuse(node, `has alpha ${alpha} and beta ${beta}`, 'alpha 1/6, beta 0.5');
    }
    case 'Gelu': {
      const form = node.text('approximate', 'none');
      if (form === 'none') return 'gelu';
      return form === 'tanh' ? 'gelu-tanh' : draft.refuse(node, `is approximated by ${form.slice(0, 40)}`, "'none' or 'tanh'");
    }
    case 'GeluTanh':
      return 'gelu-tanh';
    case 'Elu':
      if (node.float('alpha', 1) !== 1) draft.refuse(node, `has alpha ${node.float('alpha', 1)}`, 'alpha 1');
      return 'elu';
    case 'Selu': {
      const [alpha, gamma] = [node.float('alpha', SELU.alpha), node.float('gamma', SELU.gamma)];
      if (Math.abs(alpha - SELU.alpha) < 1e-5 && Math.abs(gamma - SELU.gamma) < 1e-5) return 'selu';
      return draft.refuse(node, `has alpha ${alpha} and gamma ${gamma}`, `alpha ${SELU.alpha}, gamma ${SELU.gamma}`);
    }
    case 'Softplus':
      return 'softplus';
    case 'Mish':
      return 'mish';
    case 'LeakyRelu':
      return 'leaky-relu';
    case 'Clip': {
      const [low, high] = clipBounds(node, (name) => draft.constant(name)?.values()[0]);
      if (low === 0 && high === 6) return 'relu6';
      if (low === 0 && high === Number.POSITIVE_INFINITY) return 'relu';
      return draft.refuse(node, `clips to ${low} … ${high}`, '0 … 6, or 0 and no upper bound');
    }
    case 'Softmax': {
      const axis = node.int('axis', draft.graph.opset < 13 ? 1 : -1);
      // Before opset 13 it went over all axes from there on: the same for vectors, and for maps of one place.
      const alone = map.axes === 'NC' || map.size?.join() === '1,1';
      if (map.axes.at(axis) === 'C' && (draft.graph.opset >= 13 || alone) && map.flattened === undefined) return 'softmax';
      return draft.refuse(node, `goes over axis ${axis} of ${map.axes}`, 'the channels');
    }
    default:
      throw new Error(`${node.op} is no activation`);
  }
}

export function readBatchNorm(node: OnnxNode, draft: Draft): MapValue {
  const map = inChannels(node, draft);
  if (node.int('training_mode', 0) !== 0 || node.int('spatial', 1) !== 1)
    draft.refuse(node, 'takes the statistics of its batch, or of each place', 'training_mode 0, spatial 1');
  if (map.axes[1] !== 'C') draft.refuse(node, `works on axes in the order ${map.axes}`, 'channels as the second');
  const roles: VariableRole[] = ['gamma', 'beta', 'mean', 'variance'];
  const weights: Weights = {};
  for (const [at, role] of roles.entries()) weights[role] = channelWeights(node, at + 1, map.channels, draft);
  const layer = draft.add(
    node,
    [map],
    { kind: 'batch-norm', epsilon: node.float('epsilon', 1e-5), momentum: node.float('momentum', 0.9) },
    weights,
  );
  return { ...map, layer, shared: false };
}

/** LayerNormalization of opset 17, and `LayerNorm`, which {@link foundPatterns} made of its parts. */
export function readLayerNorm(node: OnnxNode, draft: Draft): MapValue {
  const map = inChannels(node, draft);
  const axes = node.op === 'LayerNorm' ? node.ints('axes', []) : [node.int('axis', -1)];
  if (!sameLetters(lettersOf(axes, map.axes), 'C'))
    draft.refuse(node, `normalises over ${lettersOf(axes, map.axes).join('')} of ${map.axes}`, 'the channels');
  const weights: Weights = {
    ...(node.inputs[1] ? { gamma: channelWeights(node, 1, map.channels, draft) } : {}),
    ...(node.inputs[2] ? { beta: channelWeights(node, 2, map.channels, draft) } : {}),
  };
  const layer = draft.add(node, [map], { kind: 'layer-norm', epsilon: node.float('epsilon', 1e-5) }, weights);
  return { ...map, layer, shared: false };
}

function channelWeights(node: OnnxNode, at: number, channels: number, draft: Draft): { shape: number[]; values: Float32Array } {
  const constant = draft.weight(node, at);
  if (constant.shape.length !== 1 || constant.shape[0] !== channels)
    draft.refuse(node, `has weights [${constant.shape}] as its input ${at}`, `one number for each of ${channels} channels`);
  return { shape: [channels], values: constant.values() };
}

/** A map whose channels stand where the network has them. */
export function inChannels(node: OnnxNode, draft: Draft, at = 0): MapValue {
  const map = draft.map(node, at);
  if (map.flattened !== undefined)
    draft.refuse(node, 'works on a flattened map', 'a dense layer or an activation behind Flatten');
  return map;
}

/** Add, Sub, Mul and Div: of maps, or of a map and one number for each channel. */
export function readArithmetic(node: OnnxNode, draft: Draft): MapValue {
  const at = node.inputs.findIndex((name) => draft.constant(name) !== undefined);
  if (at >= 0) return withConstant(node, at, draft);
  const [a, b] = [inChannels(node, draft, 0), inChannels(node, draft, 1)];
  if (node.op !== 'Add' && node.op !== 'Mul') return draft.refuse(node, 'takes two maps', 'the sum or the product of maps');
  if (a.axes !== b.axes || a.rank !== b.rank)
    return draft.refuse(node, `joins axes in the orders ${a.axes} and ${b.axes}`, 'maps in one order');
  if (a.channels !== b.channels) return draft.refuse(node, `joins ${a.channels} and ${b.channels} channels`, 'as many in both');
  const layer = draft.add(node, [a, b], { kind: node.op === 'Add' ? 'add' : 'multiply' });
  return { ...a, layer, size: larger(a, b), shared: false };
}

function larger(a: MapValue, b: MapValue): MapValue['size'] {
  return a.size?.join() === '1,1' ? b.size : a.size;
}

/** Into the layer before where it lacks just that (the bias of a convolution, the scale of a normalisation), else a depthwise layer. */
function withConstant(node: OnnxNode, at: number, draft: Draft): MapValue {
  const map = inChannels(node, draft, 1 - at);
  const constant = draft.weight(node, at);
  const values = perChannel(constant, map.axes, map.channels);
  const verb = { Add: 'adds', Sub: 'subtracts', Mul: 'multiplies by', Div: 'divides by' }[node.op] ?? node.op;
  if (values === undefined)
    return draft.refuse(
      node,
      `${verb} a constant [${constant.shape}]`,
      `a number for each of ${map.channels} channels, or one for all`,
    );
  if (at === 0 && node.op === 'Div') return draft.refuse(node, 'divides a constant by a map', 'a map by a constant');
  const shifts = node.op === 'Add' || node.op === 'Sub';
  const change = (value: number) => (node.op === 'Div' ? 1 / value : node.op === 'Sub' && at === 1 ? -value : value);
  const factors = shifts ? new Float32Array(map.channels).fill(node.op === 'Sub' && at === 0 ? -1 : 1) : values.map(change);
  const shift = shifts ? values.map(change) : undefined;
  const before = map.shared ? undefined : draft.layers.get(map.layer);
  const role = before && (node.op === 'Sub' && at === 0 ? undefined : freeRole(before, shifts));
  if (before !== undefined && role !== undefined) {
    draft.extend(before, role, shift ?? factors);
    return { ...map, shared: false };
  }
  if (map.rank === 2)
    return draft.refuse(node, `${verb} a constant behind a layer that has no place for it`, 'a dense layer before it');
  const layer = draft.add(
    node,
    [map],
    { kind: 'depthwise-conv', strides: [1, 1], dilations: [1, 1], padding: 'valid' },
    {
      kernel: { shape: [1, 1, map.channels, 1], values: factors },
      ...(shift === undefined ? {} : { bias: { shape: [map.channels], values: shift } }),
    },
  );
  return { ...map, layer, shared: false };
}

/** The variable that a layer lacks and that a shift (or a factor) of each channel behind it would be. */
function freeRole(layer: Layer, shifts: boolean): VariableRole | undefined {
  switch (layer.kind) {
    case 'conv':
    case 'depthwise-conv':
    case 'dense':
      return shifts && layer.bias === undefined ? 'bias' : undefined;
    case 'layer-norm':
    case 'batch-norm':
      if (shifts) return layer.beta === undefined ? 'beta' : undefined;
      return layer.gamma === undefined && layer.beta === undefined ? 'gamma' : undefined;
    default:
      return undefined;
  }
}

/** Concat over the channels. */
export function readConcat(node: OnnxNode, draft: Draft): MapValue {
  const maps = node.inputs.map((_, at) => inChannels(node, draft, at));
  const first = maps[0] as MapValue;
  if (first.axes.at(node.int('axis', 1)) !== 'C' || maps.some(({ axes, rank }) => axes !== first.axes || rank !== first.rank))
    return draft.refuse(
      node,
      `joins ${maps
        .slice(0, 4)
        .map(({ axes }) => axes)
        .join(', ')} along axis ${node.int('axis', 1)}`,
      'the channels',
    );
  const layer = draft.add(node, maps, { kind: 'concat' });
  return { ...first, layer, channels: maps.reduce((sum, { channels }) => sum + channels, 0), shared: false };
}

/** Pad with zeros over height and width. */
export function readPad(node: OnnxNode, draft: Draft): MapValue {
  const map = inChannels(node, draft);
  const mode = node.text('mode', 'constant') || 'constant';
  const value = node.inputs[2] ? draft.weight(node, 2).values()[0] : node.float('value', 0);
  if (mode !== 'constant' || value !== 0) draft.refuse(node, `pads by '${mode.slice(0, 20)}' with ${value}`, "zeros, 'constant'");
  const pads = node.inputs[1] ? draft.weight(node, 1).integers() : node.ints('pads', []);
  const rank = map.axes.length;
  const axes =
    axesOf({ ...node, has: () => false }, draft.constant(node.inputs[3])) ?? Array.from({ length: rank }, (_, at) => at);
  const letters = lettersOf(axes, map.axes);
  const side = (letter: string, end: 0 | 1) =>
    letters.includes(letter) ? (pads[letters.indexOf(letter) + end * axes.length] ?? 0) : 0;
  const padding = [side('H', 0), side('H', 1), side('W', 0), side('W', 1)] as const;
  const others = ['N', 'C'].some((letter) => side(letter, 0) !== 0 || side(letter, 1) !== 0);
  if (map.rank !== 4 || pads.length !== 2 * axes.length || others || padding.some((count) => count < 0 || count > 4096))
    draft.refuse(node, `pads ${map.axes} by ${pads.slice(0, 8).join(', ')}`, 'rows and columns from 0 to 4096');
  const layer = draft.add(node, [map], { kind: 'zero-pad', padding });
  const [height, width] = map.size ?? [];
  const size =
    height === undefined || width === undefined
      ? undefined
      : ([height + padding[0] + padding[1], width + padding[2] + padding[3]] as const);
  return { ...map, layer, size, shared: false };
}
