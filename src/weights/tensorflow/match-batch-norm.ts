import type { Variable } from '../../network/network.js';
import type { NamedTensor } from '../named-tensor.js';
import { flagOf, type GraphNode, numberOf, textOf } from './graph.js';
import { type Draft, type Pattern, type Site, variable } from './pattern.js';
import type { GraphView } from './view.js';

const FUSED = new Set(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3']);
/** TensorFlow's own when an operation does not say. */
const EPSILON = 1e-4;
const NOTHING = { name: '', channels: 0 };

/** The constants of a BatchNorm. */
export interface Norm {
  readonly gamma?: NamedTensor;
  readonly beta?: NamedTensor;
  readonly mean: NamedTensor;
  readonly variance: NamedTensor;
  readonly epsilon: number;
}

/**
 * BatchNorm with its moving statistics: the fused operation, and what `tf.nn.batch_normalization` writes (Keras 3):
 * `x · (rsqrt(σ² + ε) · γ) + (β − μ · (rsqrt(σ² + ε) · γ))`.
 */
export function matchBatchNorm(node: GraphNode, view: GraphView): Pattern | undefined {
  if (FUSED.has(node.op)) return matchFused(node, view);
  if (node.op !== 'AddV2' && node.op !== 'Add') return undefined;
  const [first = '', second = ''] = node.inputs;
  const [product, offset] = view.constant(second) === undefined ? [second, first] : [first, second];
  if (view.constant(offset) === undefined || !view.once(product)) return undefined;
  const times = view.node(product);
  if (times.op !== 'Mul') return undefined;
  const [a = '', b = ''] = times.inputs;
  const [x, scale] = view.constant(b) === undefined ? [b, a] : [a, b];
  if (view.constant(scale) === undefined || view.constant(x) !== undefined) return undefined;
  const inverse = inverseDeviation(scale, view);
  const centre = inverse === undefined ? undefined : centreOf(offset, scale, view);
  if (inverse === undefined || centre === undefined) return undefined;
  const norm = { ...inverse, ...centre };
  return { inputs: [view.source(x)], make: (site) => [normDraft(site, node, norm, site.inputs[0] ?? NOTHING)] };
}

/** The operand of a node of two whose other operand passes a test. */
function other(node: GraphNode, test: (reference: string) => boolean): string | undefined {
  const [first = '', second = ''] = node.inputs;
  return test(second) ? first : test(first) ? second : undefined;
}

/** rsqrt(σ² + ε), or that times γ. */
function inverseDeviation(
  reference: string,
  view: GraphView,
): { gamma?: NamedTensor; variance: NamedTensor; epsilon: number } | undefined {
  const node = view.node(reference);
  if (node.op === 'Mul') {
    const gamma = other(node, (one) => view.node(one).op === 'Rsqrt');
    const root = node.inputs.find((one) => view.node(one).op === 'Rsqrt');
    const inner = root === undefined ? undefined : inverseDeviation(root, view);
    const scale = view.constant(gamma);
    return inner === undefined || scale === undefined ? undefined : { ...inner, gamma: scale };
  }
  if (node.op !== 'Rsqrt') return undefined;
  const sum = view.node(node.inputs[0] ?? '');
  if (sum.op !== 'AddV2' && sum.op !== 'Add') return undefined;
  const variance = view.constant(other(sum, (one) => view.scalar(one) !== undefined));
  const epsilon = view.scalar(sum.inputs.find((one) => view.scalar(one) !== undefined));
  return variance === undefined || epsilon === undefined ? undefined : { variance, epsilon };
}

/** β − μ·scale, −μ · scale, or −(μ·scale). */
function centreOf(reference: string, scale: string, view: GraphView): { beta?: NamedTensor; mean: NamedTensor } | undefined {
  const isScale = (one: string): boolean => view.source(one) === view.source(scale);
  const node = view.node(reference);
  const [first = '', second = ''] = node.inputs;
  const times = (product: GraphNode): NamedTensor | undefined =>
    product.op === 'Mul' ? view.constant(other(product, isScale)) : undefined;
  switch (node.op) {
    case 'Sub': {
      const mean = times(view.node(second));
      const beta = view.constant(first);
      return mean === undefined || beta === undefined ? undefined : { beta, mean };
    }
    case 'Neg': {
      const mean = times(view.node(first));
      return mean === undefined ? undefined : { mean };
    }
    case 'Mul': {
      const negative = view.node(other(node, isScale) ?? reference);
      const mean = negative.op === 'Neg' ? view.constant(negative.inputs[0]) : undefined;
      return mean === undefined ? undefined : { mean };
    }
    default:
      return undefined;
  }
}

function matchFused(node: GraphNode, view: GraphView): Pattern {
  return {
    inputs: [view.source(node.inputs[0] ?? '')],
    make: (site) => {
      if (flagOf(node, 'is_training', true))
        site.refuse(node, 'normalises with the statistics of the batch', 'a graph saved for inference (is_training false)');
      if (textOf(node, 'data_format', 'NHWC') !== 'NHWC') site.refuse(node, 'takes its channels first', 'NHWC');
      const constants = node.inputs.slice(1, 5).map((input) => view.constant(input));
      return [normDraft(site, node, normOf(node, constants, site), site.inputs[0] ?? NOTHING)];
    },
  };
}

/** γ, β, mean and variance as the fused operations take them, in this order. */
export function normOf(node: GraphNode, constants: readonly (NamedTensor | undefined)[], site: Site): Norm {
  const [gamma, beta, mean, variance] = constants;
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined)
    return site.refuse(node, 'takes a scale, offset, mean or variance that the graph computes', 'four constants');
  return { gamma, beta, mean, variance, epsilon: numberOf(node, 'epsilon', EPSILON) };
}

/** The layer of a BatchNorm, for what comes from `input`. */
export function normDraft(site: Site, node: GraphNode, norm: Norm, input: { name: string; channels: number }): Draft {
  const name = site.name(node.name, 'bn');
  const { channels } = input;
  const of = (role: 'gamma' | 'beta' | 'mean' | 'variance', constant: NamedTensor | undefined, size: number): Variable[] =>
    constant === undefined ? [] : [variable(name, role, constant, node, site, [size])];
  const size = norm.variance.shape.reduce((product, length) => product * length, 1);
  const variables = [
    ...of('gamma', norm.gamma, size),
    ...of('beta', norm.beta, size),
    ...of('mean', norm.mean, size),
    ...of('variance', norm.variance, size),
  ];
  if (size !== channels) site.refuse(node, `has a variance of ${size} numbers`, `one for each of the ${channels} channels`);
  return {
    layer: {
      kind: 'batch-norm',
      name,
      inputs: [input.name],
      stage: '',
      ...(norm.gamma === undefined ? {} : { gamma: `${name}/gamma` }),
      ...(norm.beta === undefined ? {} : { beta: `${name}/beta` }),
      mean: `${name}/mean`,
      variance: `${name}/variance`,
      epsilon: norm.epsilon,
      momentum: 0.99,
    },
    variables,
  };
}
