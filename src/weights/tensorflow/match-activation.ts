import type { ActivationName } from '../../network/network.js';
import { type GraphNode, numberOf } from './graph.js';
import { gateOfItself } from './match-gelu.js';
import type { Draft, Pattern, Site } from './pattern.js';
import type { GraphView } from './view.js';

const PLAIN: ReadonlyMap<string, ActivationName> = new Map([
  ['_MklSwish', 'swish'],
  ['_FusedSwish', 'swish'],
  ['_FusedHardSwish', 'hard-swish'],
  ['Relu', 'relu'],
  ['Relu6', 'relu6'],
  ['Sigmoid', 'sigmoid'],
  ['Tanh', 'tanh'],
  ['Softmax', 'softmax'],
  ['Elu', 'elu'],
  ['Selu', 'selu'],
  ['Softplus', 'softplus'],
  ['LeakyRelu', 'leaky-relu'],
]);

/** What TensorFlow calls the activation that a fused operation ends in, as ft calls it. */
export function plainActivation(op: string): ActivationName | undefined {
  return PLAIN.get(op);
}

/** A sixth as float32 has it, and as it was written by hand (0.16667). */
const SIXTH = 1 / 6;
const isNear = (value: number | undefined, wanted: number): boolean =>
  value !== undefined && Math.abs(value - wanted) <= 5e-5 * Math.abs(wanted);

/**
 * The activations: Relu, Relu6, Sigmoid, Tanh, Softmax, Elu, Selu, Softplus and LeakyRelu, and those that TensorFlow writes with several nodes:
 * x·σ(x) is swish, relu6(x + 3)/6 hard-sigmoid and x times that hard-swish, min(max(x, 0), 6) Relu6, max(x, a·x) leaky-relu; GELU and mish.
 */
export function matchActivation(node: GraphNode, view: GraphView): Pattern | undefined {
  const plain = PLAIN.get(node.op);
  const found = plain === undefined ? composed(node, view) : ([plain, node.inputs[0] ?? ''] as const);
  if (found === undefined) return undefined;
  const [activation, input, slope] = found;
  return {
    inputs: [view.source(input)],
    make: (site) => [activationDraft(site, node, activation, site.inputs[0]?.name ?? '', slope)],
  };
}

/** The layer of an activation, named by its node; a LeakyRelu has its slope from there too. */
export function activationDraft(
  site: Site,
  node: GraphNode,
  activation: ActivationName,
  input: string,
  slope = numberOf(node, activation === 'leaky-relu' && node.op !== 'LeakyRelu' ? 'leakyrelu_alpha' : 'alpha', 0.2),
): Draft {
  const name = site.name(node.name, activation);
  const own = activation === 'leaky-relu' ? { slope } : {};
  return { layer: { kind: 'activation', name, inputs: [input], stage: '', activation, ...own }, variables: [] };
}

type Found = readonly [activation: ActivationName, input: string, slope?: number];

function composed(node: GraphNode, view: GraphView): Found | undefined {
  const [first = '', second = ''] = node.inputs;
  switch (node.op) {
    case 'Minimum':
      return bounded(view, node, 6, 'Relu', 'relu6');
    case 'Maximum':
      return clipped(view, node);
    case 'ClipByValue':
      return view.scalar(second) === 0 && view.scalar(node.inputs[2]) === 6 ? ['relu6', first] : undefined;
    case 'RealDiv':
      return isNear(view.scalar(second), 6) ? sixth(view, first) : undefined;
    case 'Mul':
      if (isNear(view.scalar(second), SIXTH)) return sixth(view, first);
      if (isNear(view.scalar(first), SIXTH)) return sixth(view, second);
      return gated(view, first, second) ?? gated(view, second, first) ?? gateOfItself(node, view);
    default:
      return undefined;
  }
}

/** min(op(x), bound). */
function bounded(view: GraphView, node: GraphNode, bound: number, op: string, activation: ActivationName): Found | undefined {
  for (const [map, limit] of pairs(node)) {
    const below = view.node(map);
    if (view.scalar(limit) === bound && below.op === op) return [activation, below.inputs[0] ?? ''];
  }
  return undefined;
}

/** max(x, 0), or max(x, a·x) with a slope below 1. */
function clipped(view: GraphView, node: GraphNode): Found | undefined {
  for (const [x, limit] of pairs(node)) {
    if (view.scalar(limit) === 0) return ['relu', x];
    const product = view.node(limit);
    if (view.constant(limit) !== undefined || product.op !== 'Mul') continue;
    const slope = pairs(product).flatMap(([map, factor]) =>
      view.source(map) === view.source(x) ? [view.scalar(factor) ?? Number.NaN] : [],
    )[0];
    if (slope !== undefined && slope <= 1) return ['leaky-relu', x, slope];
  }
  return undefined;
}

function pairs(node: GraphNode): (readonly [string, string])[] {
  const [first = '', second = ''] = node.inputs;
  return [
    [first, second],
    [second, first],
  ];
}

/** A sixth of relu6(x + 3), or of x·relu6(x + 3). */
function sixth(view: GraphView, reference: string): Found | undefined {
  const shifted = relu6Of3(view, reference);
  if (shifted !== undefined) return ['hard-sigmoid', shifted];
  const node = view.node(reference);
  if (node.op !== 'Mul') return undefined;
  const pair = pairs(node).find(([x, gate]) => relu6Of3(view, gate) === view.source(x));
  return pair === undefined ? undefined : ['hard-swish', pair[0]];
}

/** x of relu6(x + 3). */
function relu6Of3(view: GraphView, reference: string): string | undefined {
  const node = view.node(reference);
  if (node.op !== 'Relu6') return undefined;
  const sum = view.node(node.inputs[0] ?? '');
  if (sum.op !== 'AddV2' && sum.op !== 'Add') return undefined;
  const pair = pairs(sum).find(([, three]) => view.scalar(three) === 3);
  return pair === undefined ? undefined : view.source(pair[0]);
}

/** x of relu6(x + 3)/6. */
function hardSigmoidOf(view: GraphView, node: GraphNode): string | undefined {
  const [first = '', second = ''] = node.inputs;
  if (node.op === 'RealDiv') return isNear(view.scalar(second), 6) ? relu6Of3(view, first) : undefined;
  if (node.op !== 'Mul') return undefined;
  const pair = pairs(node).find(([, factor]) => isNear(view.scalar(factor), SIXTH));
  return pair === undefined ? undefined : relu6Of3(view, pair[0]);
}

/** x times a gate that x itself opens: σ(x), or the hard sigmoid of x; also (x/6)·relu6(x + 3). */
function gated(view: GraphView, x: string, gate: string): Found | undefined {
  if (view.constant(x) !== undefined || view.constant(gate) !== undefined) return undefined;
  const source = view.source(x);
  const node = view.node(gate);
  if (node.op === 'Sigmoid' && view.source(node.inputs[0] ?? '') === source) return ['swish', source];
  if (hardSigmoidOf(view, node) === source) return ['hard-swish', source];
  const shifted = relu6Of3(view, gate);
  const scaled = view.node(x);
  if (shifted !== undefined && scaled.op === 'Mul') {
    const pair = pairs(scaled).find(([map, factor]) => isNear(view.scalar(factor), SIXTH) && view.source(map) === shifted);
    if (pair !== undefined) return ['hard-swish', shifted];
  }
  return undefined;
}
