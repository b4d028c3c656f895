import type { Layer } from '../../network/network.js';
import { flagOf, type GraphNode, intsOf, textOf } from './graph.js';
import { paddingOf, spatial } from './match-weighted.js';
import type { Draft, Facts, Pattern, Site } from './pattern.js';
import type { GraphView } from './view.js';

const bare = (layer: Layer): Draft => ({ layer, variables: [] });

/** Pools, sums, products, concatenations, zero-padding and the changes of shape about pooled features. */
export function matchMap(node: GraphNode, view: GraphView): Pattern | undefined {
  const { maps } = view.operands(node);
  const inputs = (count: number) => node.inputs.slice(0, count).map((input) => view.source(input));
  switch (node.op) {
    case 'MaxPool':
    case 'AvgPool':
      return { inputs: inputs(1), make: (site) => [pool(node, site)] };
    case 'Mean':
      return { inputs: inputs(1), make: (site) => [mean(node, view, site)] };
    case 'Reshape':
      return { inputs: inputs(1), make: (site) => reshape(node, targetShape(node, view), site) };
    case 'Squeeze':
      return { inputs: inputs(1), make: (site) => squeeze(node, site) };
    case 'Pad':
    case 'PadV2':
      return { inputs: inputs(1), make: (site) => [pad(node, view, site)] };
    case 'ConcatV2':
      return { inputs: inputs(node.inputs.length - 1), make: (site) => [concat(node, view, site)] };
    case 'Add':
    case 'AddV2':
    case 'AddN':
    case 'Mul':
      return maps.length < 2 || maps.length < node.inputs.length
        ? undefined
        : { inputs: maps, make: (site) => [pointwise(node, site)] };
    default:
      return undefined;
  }
}

/** A sum or a product. A map stands before what is spread over it, and shapes that do not meet are refused. */
function pointwise(node: GraphNode, site: Site): Draft {
  const inputs = [...site.inputs].sort((a, b) => b.height * b.width - a.height * a.width);
  const [first] = inputs;
  const kind = node.op === 'Mul' ? 'multiply' : 'add';
  for (const input of inputs) {
    const place = input.height === 1 && input.width === 1;
    const same = input.height === first?.height && input.width === first.width;
    if (input.rank !== first?.rank || input.channels !== first.channels || !(same || (place && kind === 'multiply')))
      site.refuse(
        node,
        `takes ${site.inputs.map(describe).join(' and ')}`,
        kind === 'add' ? 'maps of one shape' : 'maps of one shape, or a map and factors for its channels',
      );
  }
  const name = site.name(node.name, kind);
  return bare({ kind, name, inputs: inputs.map((input) => input.name), stage: '' });
}

function describe({ rank, height, width, channels }: Facts): string {
  return rank === 4 ? `[N, ${height}, ${width}, ${channels}]` : `[N, ${channels}]`;
}

/** A pool whose window is the whole map is the global one, at every size of image. */
function pool(node: GraphNode, site: Site): Draft {
  const size = spatial(node, 'ksize', site);
  const strides = spatial(node, 'strides', site);
  const padding = paddingOf(node, size, strides, [1, 1], site);
  const [input] = site.inputs;
  if (input?.rank !== 4) return site.refuse(node, 'takes pooled features', 'a map');
  const kind = node.op === 'AvgPool' ? 'average-pool' : 'max-pool';
  const base = { name: site.name(node.name, kind), inputs: [input.name], stage: '' };
  if (kind === 'average-pool' && padding === 'valid' && size[0] === input.height && size[1] === input.width)
    return bare({ ...base, kind: 'global-average-pool', keepDims: true });
  return bare({ ...base, kind, size, strides, padding });
}

function mean(node: GraphNode, view: GraphView, site: Site): Draft {
  const axes = globalAxes(node, view);
  if (axes === undefined || site.inputs[0]?.rank !== 4)
    site.refuse(node, 'does not average a map over its places', 'the axes 1 and 2 of [N, H, W, C]');
  const keepDims = flagOf(node, 'keep_dims', false);
  return bare({
    kind: 'global-average-pool',
    name: site.name(node.name, 'pool'),
    inputs: [site.inputs[0]?.name ?? ''],
    stage: '',
    keepDims,
  });
}

/** Whether a Mean is over height and width. */
export function globalAxes(node: GraphNode, view: GraphView): readonly number[] | undefined {
  const axes = view.constant(node.inputs[1]);
  if (axes === undefined || axes.shape.join() !== '2') return undefined;
  const given = [...axes.values()].map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
  return given.join() === '1,2' ? given : undefined;
}

/** What a Reshape leads to; −1 for lengths that only the running graph knows. */
function targetShape(node: GraphNode, view: GraphView): readonly number[] | undefined {
  const constant = view.constant(node.inputs[1]);
  if (constant !== undefined) return constant.shape.length === 1 ? [...constant.values()] : undefined;
  const pack = view.node(node.inputs[1] ?? '');
  return pack.op === 'Pack' ? pack.inputs.map((input) => view.scalar(input) ?? -1) : undefined;
}

function reshape(node: GraphNode, target: readonly number[] | undefined, site: Site): Draft[] {
  const [input] = site.inputs;
  const refuse = () =>
    site.refuse(
      node,
      `makes ${input === undefined ? 'nothing' : describe(input)} a tensor of [${target?.join(', ') ?? 'a computed shape'}]`,
      'pooled features [N, C] to [N, 1, 1, C] and back, or a map to [N, numbers]',
    );
  if (input === undefined || target === undefined) return refuse();
  const lengths = input.rank === 4 ? [input.height, input.width, input.channels] : [input.channels];
  const fits = (shape: readonly number[]) =>
    target.length === shape.length + 1 && shape.every((length, at) => target[at + 1] === -1 || target[at + 1] === length);
  if (fits(lengths)) return [];
  if (fits([lengths.reduce((product, length) => product * length, 1)])) return [flat(node, input, site)];
  if (input.rank === 2 && input.pooled !== undefined && fits([1, 1, input.channels]))
    return [repooled(node, input.pooled, true, site)];
  return refuse();
}

function squeeze(node: GraphNode, site: Site): Draft[] {
  const [input] = site.inputs;
  const axes = [...intsOf(node, 'squeeze_dims', [])].map((axis) => (axis < 0 ? axis + 4 : axis)).sort();
  const places = axes.length === 0 || axes.join() === '1,2';
  if (input?.rank !== 4 || input.height * input.width !== 1 || !places)
    return site.refuse(
      node,
      `drops the axes ${axes.join(', ')} of ${input === undefined ? 'nothing' : describe(input)}`,
      'the axes 1 and 2 of [N, 1, 1, C]; a network that pools by a window of fixed size is read at the side it was made for',
    );
  return [flat(node, input, site)];
}

/** A map as features; a global pool drops its dimensions itself. */
function flat(node: GraphNode, input: Facts, site: Site): Draft {
  if (input.pooled !== undefined) return repooled(node, input.pooled, false, site);
  return bare({ kind: 'flatten', name: site.name(node.name, 'flatten'), inputs: [input.name], stage: '' });
}

function repooled(node: GraphNode, below: Facts, keepDims: boolean, site: Site): Draft {
  const name = site.name(node.name, 'pool');
  return bare({ kind: 'global-average-pool', name, inputs: [below.name], stage: '', keepDims });
}

function pad(node: GraphNode, view: GraphView, site: Site): Draft {
  const [input] = site.inputs;
  const rows = view.constant(node.inputs[1]);
  if (node.op === 'PadV2' && view.scalar(node.inputs[2]) !== 0) site.refuse(node, 'pads with other numbers than zeros', 'zeros');
  if (rows?.shape.join() !== '4,2' || input?.rank !== 4)
    return site.refuse(node, 'pads by what is not a constant of shape [4, 2]', 'rows and columns of a map');
  const [n0 = 0, n1 = 0, top = 0, bottom = 0, left = 0, right = 0, c0 = 0, c1 = 0] = rows.values();
  if (
    [n0, n1, c0, c1].some((count) => count !== 0) ||
    [top, bottom, left, right].some((count) => !(count >= 0 && count < 2 ** 16))
  )
    site.refuse(node, `pads by [${[...rows.values()].join(', ')}]`, 'rows and columns alone');
  const name = site.name(node.name, 'pad');
  return bare({ kind: 'zero-pad', name, inputs: [input.name], stage: '', padding: [top, bottom, left, right] });
}

function concat(node: GraphNode, view: GraphView, site: Site): Draft {
  const axis = view.scalar(node.inputs.at(-1));
  const [first] = site.inputs;
  const last = first?.rank === 4 ? 3 : 1;
  if (axis !== -1 && axis !== last)
    site.refuse(node, `joins maps along the axis ${axis ?? 'that it computes'}`, `the channels, ${last}`);
  if (site.inputs.some((one) => one.rank !== first?.rank || one.height !== first.height || one.width !== first.width))
    site.refuse(node, `joins ${site.inputs.map(describe).join(' and ')}`, 'maps of one height and width');
  const name = site.name(node.name, 'concat');
  return bare({ kind: 'concat', name, inputs: site.inputs.map((input) => input.name), stage: '' });
}

/** Whether a node pools a whole map: a Mean over its places, or an AvgPool without padding and with a window as large as maps are at the end. */
export function poolsGlobally(node: GraphNode, view: GraphView): boolean {
  if (node.op === 'Mean') return globalAxes(node, view) !== undefined;
  return node.op === 'AvgPool' && textOf(node, 'padding', '') === 'VALID' && (intsOf(node, 'ksize', [])[1] ?? 0) >= 6;
}
