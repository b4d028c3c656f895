/** Flatten, Reshape, Squeeze, Unsqueeze and Transpose, and the shapes that a graph works out for them. */
import { axesOf } from './constants.js';
import type { Draft } from './draft.js';
import type { OnnxGraph, OnnxNode } from './graph.js';
import { sliced } from './sliced.js';
import { type MapValue, type SizesValue, transposedAxes } from './values.js';

export function readTranspose(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  return { ...map, axes: transposedAxes(node, map.axes, draft.graph.where) };
}

export function readFlatten(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  const axis = node.int('axis', 1);
  if (map.axes[0] !== 'N' || (axis !== 1 && axis !== 1 - map.axes.length))
    return draft.refuse(node, `flattens ${map.axes} from axis ${axis}`, 'all axes but the batch');
  return vectors(node, map, draft);
}

export function readSqueeze(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  const axes = axesOf(node, draft.constant(node.inputs[1]))?.map((axis) => (axis < 0 ? axis + map.axes.length : axis));
  const places = axes ?? [...map.axes].flatMap((letter, at) => (letter === 'H' || letter === 'W' ? [at] : []));
  const left = [...map.axes].filter((_, at) => !places.includes(at)).join('');
  if (!isPooled(map) || !left.startsWith('N') || !left.includes('C') || places.some((at) => at >= map.axes.length))
    return draft.refuse(node, `takes axes ${places.join(', ')} of ${map.axes} away`, 'height and width of pooled features');
  return left === 'NC' ? vectors(node, map, draft) : { ...map, axes: left };
}

export function readUnsqueeze(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  const axes = axesOf(node, draft.constant(node.inputs[1])) ?? [];
  const rank = map.axes.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  // Height before width: both are of one place.
  const free = [...'HW'].filter((letter) => !map.axes.includes(letter));
  const rest = [...map.axes];
  const letters = Array.from({ length: Math.min(rank, 8) }, (_, at) => (added.has(at) ? free.shift() : rest.shift()) ?? '?').join(
    '',
  );
  return asMap(node, map, letters, draft);
}

export function readReshape(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  const worked = draft.values.get(node.inputs[1] ?? '');
  const constant = draft.constant(node.inputs[1]);
  const target =
    worked?.kind === 'sizes' ? worked.sizes : constant && constant.shape.length === 1 ? constant.integers() : undefined;
  const refuse = () =>
    draft.refuse(
      node,
      `reshapes ${map.axes} to [${
        target
          ?.slice(0, 8)
          .map((one) => one ?? '?')
          .join(', ') ?? 'what is not known'
      }]`,
      'a map to vectors, or pooled features to maps of one place',
    );
  if (target === undefined || map.axes[0] !== 'N') return refuse();
  const channels = (extent: number | undefined) =>
    extent === undefined || extent === -1 || extent === map.channels || extent === 0;
  if (target.length === 2) return vectorsOf(target, map) ? vectors(node, map, draft) : refuse();
  if (target.length !== 4) return refuse();
  const [, second, third, fourth] = target;
  if (third === 1 && fourth === 1 && channels(second)) return asMap(node, map, 'NCHW', draft);
  if (second === 1 && third === 1 && channels(fourth)) return asMap(node, map, 'NHWC', draft);
  return refuse();
}

/** Whether a shape of two axes leaves the batch as it is. */
function vectorsOf([batch, features]: readonly (number | undefined)[], map: MapValue): boolean {
  if (features === undefined || features <= 0) return batch !== -1;
  if (isPooled(map)) return features === map.channels || map.flattened !== undefined || Number.isNaN(map.channels);
  return features > map.channels && features % map.channels === 0;
}

function isPooled({ size, rank }: MapValue): boolean {
  return rank === 2 || size?.join() === '1,1';
}

/** A tensor of vectors: pooled features as they are, a map laid out in a row. */
function vectors(node: OnnxNode, map: MapValue, draft: Draft): MapValue {
  if (map.rank === 2 || (draft.keptMaps.has(node.output) && isPooled(map))) return { ...map, axes: 'NC' };
  const layer = draft.add(node, [map], { kind: 'flatten' });
  if (isPooled(map)) return { ...map, layer, axes: 'NC', rank: 2, shared: false };
  const places = map.size === undefined ? Number.NaN : map.size[0] * map.size[1];
  const flat = { ...map, layer, axes: 'NC', rank: 2 as const, shared: false };
  if (map.axes === 'NCHW') return { ...flat, flattened: map.channels, channels: map.channels * places };
  if (map.axes === 'NHWC') return { ...flat, channels: map.channels * places };
  return draft.refuse(node, `flattens ${map.axes}`, 'NCHW or NHWC');
}

/** Features of one place as a map again. */
function asMap(node: OnnxNode, map: MapValue, axes: string, draft: Draft): MapValue {
  if (map.rank !== 4 || !isPooled(map) || axes.includes('?') || map.flattened !== undefined)
    return draft.refuse(node, `makes ${map.axes} a tensor of rank ${axes.length}`, 'pooled features as a map of one place');
  return { ...map, axes };
}

/** The extents that a node makes of extents, or of a map. */
export function sizesOf(node: OnnxNode, draft: Draft): SizesValue | undefined {
  if (node.op === 'Shape') {
    const map = draft.values.get(node.inputs[0] ?? '');
    if (map === undefined || map.kind === 'sizes') return undefined;
    const extent = (letter: string): number | undefined => {
      if (letter === 'C') return typeof map.channels === 'number' ? map.channels : map.channels.length;
      return letter === 'H' ? map.size?.[0] : letter === 'W' ? map.size?.[1] : undefined;
    };
    return { kind: 'sizes', sizes: [...map.axes].map(extent) };
  }
  const parts = node.inputs.map((name) => draft.values.get(name));
  if (!parts.some((value) => value?.kind === 'sizes')) return undefined;
  const list = (at: number): readonly (number | undefined)[] => {
    const value = parts[at];
    return value?.kind === 'sizes' ? value.sizes : (draft.constant(node.inputs[at])?.integers().slice(0, 64) ?? []);
  };
  const first = list(0);
  switch (node.op) {
    case 'Cast':
    case 'Identity':
    case 'Unsqueeze':
    case 'Squeeze':
      return { kind: 'sizes', sizes: first };
    case 'Gather':
      return { kind: 'sizes', sizes: list(1).map((at) => first.at(at ?? 0)) };
    case 'Concat':
      return {
        kind: 'sizes',
        sizes: node.inputs
          .slice(0, 64)
          .flatMap((_, at) => list(at))
          .slice(0, 64),
      };
    case 'Slice': {
      const bound = (at: number, attribute: string) => list(at)[0] ?? node.ints(attribute, [])[0];
      const [start = 0, end = 0] = [bound(1, 'starts'), bound(2, 'ends')];
      return { kind: 'sizes', sizes: sliced(first, start, end, list(4)[0] ?? 1) };
    }
    default:
      return undefined;
  }
}

/**
 * The vectors from which the graph makes maps again, with all that leads to them from a pooling: squeeze-and-excitation
 * by dense layers. Their layers stay maps of one place, since no layer makes a vector a map.
 */
export function vectorsMadeMaps({ nodes, constants }: Pick<OnnxGraph, 'nodes' | 'constants'>): Set<string> {
  const givers = new Map(nodes.map((node) => [node.output, node]));
  const kept = new Set<string>();
  for (const node of [...nodes].reverse()) {
    const through = kept.has(node.output) && !POOLINGS.has(node.op);
    if (!through && !makesMaps(node, givers, constants)) continue;
    for (const input of node.inputs) if (givers.has(input)) kept.add(input);
  }
  return kept;
}

function makesMaps(node: OnnxNode, givers: ReadonlyMap<string, OnnxNode>, constants: OnnxGraph['constants']): boolean {
  if (node.op !== 'Reshape') return node.op === 'Unsqueeze';
  const target = node.inputs[1] ?? '';
  return constants.get(target)?.shape[0] === 4 || givers.get(target)?.inputs.length === 4;
}

const POOLINGS = new Set(['GlobalAveragePool', 'ReduceMean', 'Flatten', 'Squeeze', 'Conv', 'MaxPool', 'AveragePool']);
