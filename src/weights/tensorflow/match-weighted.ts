import type { Padding, Variable } from '../../network/network.js';
import { plainPadding } from '../explicit-padding.js';
import type { NamedTensor } from '../named-tensor.js';
import { flagOf, type GraphNode, intsOf, textOf, textsOf } from './graph.js';
import { activationDraft, plainActivation } from './match-activation.js';
import { normDraft, normOf } from './match-batch-norm.js';
import { type Draft, everyChannel, type Pattern, type Site, variable } from './pattern.js';
import type { GraphView } from './view.js';

type Kind = 'conv' | 'depthwise-conv' | 'dense';
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['Conv2D', 'conv'],
  ['_FusedConv2D', 'conv'],
  ['DepthwiseConv2dNative', 'depthwise-conv'],
  ['FusedDepthwiseConv2dNative', 'depthwise-conv'],
  ['_FusedDepthwiseConv2dNative', 'depthwise-conv'],
  ['MatMul', 'dense'],
  ['_FusedMatMul', 'dense'],
]);

/** Whether an operation is a plain one with a kernel, that a bias after it may join. */
export function isWeighted(op: string): boolean {
  return op === 'Conv2D' || op === 'DepthwiseConv2dNative' || op === 'MatMul';
}

/**
 * Convolutions, depthwise convolutions and matrices, with a bias found after them, or with what the fused operations do
 * after the product: BiasAdd or FusedBatchNorm, the sum with another map, an activation.
 */
export function matchWeighted(node: GraphNode, view: GraphView, bias?: readonly number[]): Pattern | undefined {
  const kind = KINDS.get(node.op);
  if (kind === undefined) return undefined;
  const fused = textsOf(node, 'fused_ops');
  const extra = fused.flatMap((op) =>
    op === 'BiasAdd' ? ['bias'] : op === 'FusedBatchNorm' ? ['γ', 'β', 'mean', 'variance'] : op === 'Add' ? ['map'] : [],
  );
  const side = extra.indexOf('map');
  const maps = [node.inputs[0] ?? '', ...(side < 0 ? [] : [node.inputs[2 + side] ?? ''])];
  return {
    inputs: maps.map((map) => view.source(map)),
    make: (site) => {
      const stored = view.constant(node.inputs[1]);
      if (stored === undefined) return site.refuse(node, 'has a kernel that the graph computes', 'a constant or a variable');
      const [own, kernel] = ungrouped(kind, stored, site.inputs[0]?.channels ?? 0);
      const constants = extra.map((_, at) => view.constant(node.inputs[2 + at]));
      const path = fused.length === 0 ? node.name : kernelPath(node, view);
      const first = weighted(
        node,
        own,
        kernel,
        bias ?? (fused[0] === 'BiasAdd' ? biasOf(node, constants[0], site) : undefined),
        path,
        site,
      );
      return [first, ...afterwards(node, fused, constants, first, site)];
    },
  };
}

/** A convolution in as many groups as there are channels ([h, w, 1, C · m], as Keras 3 writes ConvNeXt's) is a depthwise one: [h, w, C, m]. */
function ungrouped(kind: Kind, kernel: NamedTensor, channels: number): readonly [Kind, NamedTensor] {
  const [height = 0, width = 0, taken, made = 0] = kernel.shape;
  if (kind !== 'conv' || taken !== 1 || channels < 2 || made % channels !== 0) return [kind, kernel];
  return ['depthwise-conv', { ...kernel, shape: [height, width, channels, made / channels] }];
}

/**
 * A fused operation is named by the last of what it fuses, and its kernel by the first. Kernels that were arguments of a
 * function have no such name.
 */
function kernelPath(node: GraphNode, view: GraphView): string {
  const kernel = view.node(node.inputs[1] ?? '').name;
  const top = (path: string): string => path.split('/')[0] ?? '';
  return kernel.includes('/') && top(kernel) === top(node.name) ? kernel : node.name;
}

function biasOf(node: GraphNode, constant: NamedTensor | undefined, site: Site): readonly number[] {
  return constant === undefined
    ? site.refuse(node, 'has a bias that the graph computes', 'a constant or a variable')
    : [...constant.values()];
}

/** What a fused operation does after the product and its bias. */
function afterwards(
  node: GraphNode,
  fused: readonly string[],
  constants: readonly (NamedTensor | undefined)[],
  first: Draft,
  site: Site,
): Draft[] {
  const drafts: Draft[] = [];
  let input = first.layer.name;
  const kernel = first.variables[0]?.shape ?? [];
  const channels = first.layer.kind === 'depthwise-conv' ? (kernel[2] ?? 0) * (kernel[3] ?? 0) : (kernel.at(-1) ?? 0);
  fused.forEach((op, at) => {
    const activation = plainActivation(op);
    if (op === 'BiasAdd' && at === 0) return;
    if (op === 'FusedBatchNorm' && at === 0)
      drafts.push(normDraft(site, node, normOf(node, constants, site), { name: input, channels }));
    else if (op === 'Add')
      drafts.push({
        layer: { kind: 'add', name: site.name(node.name, 'add'), inputs: [input, site.inputs[1]?.name ?? ''], stage: '' },
        variables: [],
      });
    else if (activation !== undefined) drafts.push(activationDraft(site, node, activation, input));
    else site.refuse(node, `ends in ${op}`, 'BiasAdd or FusedBatchNorm first, then Add, Relu, Relu6, Sigmoid, Tanh');
    input = drafts.at(-1)?.layer.name ?? input;
  });
  return drafts;
}

function weighted(
  node: GraphNode,
  kind: Kind,
  kernel: NamedTensor,
  bias: readonly number[] | undefined,
  path: string,
  site: Site,
): Draft {
  const [input] = site.inputs;
  const rank = kind === 'dense' ? 2 : 4;
  if (input?.rank !== rank) return site.refuse(node, `takes maps of rank ${input?.rank ?? 0}`, `rank ${rank}`);
  if (kernel.shape.length !== rank) site.refuse(node, `has a kernel of rank ${kernel.shape.length}`, `rank ${rank}`);
  const turned = kind === 'dense' && flagOf(node, 'transpose_b', false);
  if (kind === 'dense' && flagOf(node, 'transpose_a', false)) site.refuse(node, 'takes its features transposed', '[N, C]');
  const shape = turned ? [...kernel.shape].reverse() : kernel.shape;
  const taken = shape.at(-2) ?? 0;
  const taker = kind === 'depthwise-conv' ? (shape[2] ?? 0) : taken;
  if (taker !== input.channels) {
    const groups = taker > 0 && input.channels % taker === 0 ? `, ${input.channels / taker} groups` : '';
    site.refuse(node, `has a kernel of shape [${kernel.shape.join(', ')}]${groups}`, `${input.channels} input channels`);
  }
  const channels = kind === 'depthwise-conv' ? (shape[2] ?? 0) * (shape[3] ?? 0) : (shape.at(-1) ?? 0);
  if (bias !== undefined && bias.length !== channels && bias.length !== 1)
    site.refuse(node, `has a bias of ${bias.length} numbers`, `${channels}`);
  const name = site.name(path, kind === 'dense' ? 'dense' : 'conv');
  const stored = variable(name, 'kernel', turned ? transposed(kernel) : kernel, node, site);
  const variables: Variable[] = [stored];
  if (bias !== undefined)
    variables.push({ name: `${name}/bias`, layer: name, role: 'bias', shape: [channels], values: everyChannel(bias, channels) });
  const base = {
    name,
    inputs: [input.name],
    stage: '',
    kernel: stored.name,
    ...(bias === undefined ? {} : { bias: `${name}/bias` }),
  };
  if (kind === 'dense') return { layer: { ...base, kind }, variables };
  const strides = spatial(node, 'strides', site);
  const dilations = spatial(node, 'dilations', site);
  const padding = paddingOf(node, [shape[0] ?? 1, shape[1] ?? 1], strides, dilations, site);
  return { layer: { ...base, kind, strides, dilations, padding }, variables };
}

/** The two middle numbers of a list for N, H, W and C. */
export function spatial(node: GraphNode, attribute: string, site: Site): readonly [number, number] {
  if (textOf(node, 'data_format', 'NHWC') !== 'NHWC') site.refuse(node, 'takes its channels first', 'NHWC');
  const [batch = 0, height = 0, width = 0, channels = 0] = intsOf(node, attribute, [1, 1, 1, 1]);
  const fits =
    batch === 1 && channels === 1 && [height, width].every((one) => Number.isInteger(one) && one >= 1 && one < 2 ** 16);
  if (!fits) site.refuse(node, `has ${attribute} of [${[batch, height, width, channels].join(', ')}]`, '[1, height, width, 1]');
  return [height, width];
}

/** SAME, VALID, or the rows and columns of EXPLICIT. */
export function paddingOf(
  node: GraphNode,
  window: readonly [number, number],
  strides: readonly [number, number],
  dilations: readonly [number, number],
  site: Site,
): Padding {
  const rule = textOf(node, 'padding', '');
  switch (rule) {
    case 'SAME':
      return 'same';
    case 'VALID':
      return 'valid';
    case 'EXPLICIT': {
      const [n0 = 0, n1 = 0, top = 0, bottom = 0, left = 0, right = 0, c0 = 0, c1 = 0] = intsOf(node, 'explicit_paddings', []);
      if ([n0, n1, c0, c1].some((count) => count !== 0))
        site.refuse(node, 'pads images or channels', 'padding of rows and columns');
      return plainPadding([top, bottom, left, right], window, strides, dilations);
    }
    default:
      return site.refuse(node, `pads by the rule '${rule}'`, 'SAME, VALID or EXPLICIT');
  }
}

function transposed({ shape, values }: NamedTensor): NamedTensor {
  const [rows = 0, columns = 0] = shape;
  return {
    shape: [columns, rows],
    values: () => {
      const given = values();
      return Float32Array.from({ length: given.length }, (_, at) => given[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
    },
  };
}
