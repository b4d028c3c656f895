import { flagOf, type GraphNode, numberOf } from './graph.js';
import type { Facts } from './pattern.js';
import type { GraphView } from './view.js';

/** A tensor of a few whole numbers: shapes, paddings. NaN is what only the running graph knows (the batch). */
export interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const DEEPEST = 40;
/** A subgraph that comes together and parts again would be gone through a power of two times. */
const MOST_STEPS = 4096;

const BINARY: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['Add', (a: number, b: number) => a + b],
  ['AddV2', (a: number, b: number) => a + b],
  ['Sub', (a: number, b: number) => a - b],
  ['Mul', (a: number, b: number) => a * b],
  ['FloorDiv', (a: number, b: number) => Math.floor(a / b)],
  ['FloorMod', (a: number, b: number) => a - b * Math.floor(a / b)],
  ['Mod', (a: number, b: number) => a % b],
  ['Maximum', Math.max],
  ['Minimum', Math.min],
]);

/**
 * What a graph computes from the shape of one map, for the size of image that it is read at (TensorFlow computes paddings so, where it
 * was not told the size); undefined where anything else comes in.
 */
export function shapeArithmetic(reference: string, map: string, facts: Facts, view: GraphView): Numbers | undefined {
  let steps = 0;
  const known = new Map<string, Numbers | undefined>();
  const value = (name: string, depth: number): Numbers | undefined => {
    const source = view.source(name);
    if (known.has(source)) return known.get(source);
    if (depth > DEEPEST || ++steps > MOST_STEPS) return undefined;
    const result = computed(source, depth);
    known.set(source, result);
    return result;
  };
  const computed = (source: string, depth: number): Numbers | undefined => {
    const constant = view.constant(source);
    if (constant !== undefined) {
      const few = constant.shape.length <= 2 && constant.shape.every((length) => length <= 8);
      return few ? { shape: constant.shape, values: [...constant.values()] } : undefined;
    }
    const node = view.node(source);
    if (node.op === 'Shape')
      return view.source(node.inputs[0] ?? '') === map && facts.rank === 4
        ? { shape: [4], values: [Number.NaN, facts.height, facts.width, facts.channels] }
        : undefined;
    if (node.inputs.length === 0 || node.inputs.length > 8) return undefined;
    const inputs = node.inputs.map((input) => value(input, depth + 1));
    if (!inputs.every((input) => input !== undefined)) return undefined;
    return applied(node, inputs as readonly Numbers[]);
  };
  return value(reference, 0);
}

/** How many lengths a Reshape leads to, where the graph says so without computing it. */
export function targetRank(node: GraphNode, view: GraphView): number | undefined {
  const constant = view.constant(node.inputs[1]);
  if (constant !== undefined) return constant.shape[0] ?? 0;
  const pack = view.node(node.inputs[1] ?? '');
  return pack.op === 'Pack' ? pack.inputs.length : undefined;
}

function applied(node: GraphNode, inputs: readonly Numbers[]): Numbers | undefined {
  const [first, second] = inputs;
  if (first === undefined) return undefined;
  const binary = BINARY.get(node.op);
  if (binary !== undefined) {
    if (second === undefined) return undefined;
    const longer = first.values.length >= second.values.length ? first : second;
    const [a, b] = [first.values, second.values];
    return { shape: longer.shape, values: longer.values.map((_, at) => binary(a[at % a.length] ?? 0, b[at % b.length] ?? 0)) };
  }
  switch (node.op) {
    case 'Cast':
      return first;
    case 'Pack':
      if (numberOf(node, 'axis', 0) !== 0) return undefined;
      return { shape: [inputs.length, ...first.shape], values: inputs.flatMap(({ values }) => [...values]) };
    case 'GatherV2':
      return gathered(node, inputs);
    case 'Prod': {
      if (first.shape.length !== 1 || second?.values.join() !== '0' || flagOf(node, 'keep_dims', false)) return undefined;
      return { shape: [], values: [first.values.reduce((product, value) => product * value, 1)] };
    }
    case 'ConcatV2': {
      const parts = inputs.slice(0, -1);
      if (inputs.at(-1)?.values[0] !== 0) return undefined;
      const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
      return { shape: [rows, ...first.shape.slice(1)], values: parts.flatMap(({ values }) => [...values]) };
    }
    case 'StridedSlice':
      return sliced(node, inputs);
    default:
      return undefined;
  }
}

/** Numbers of a vector by their places. */
function gathered(node: GraphNode, [first, places, axis]: readonly Numbers[]): Numbers | undefined {
  if (first?.shape.length !== 1 || places === undefined || axis?.values[0] !== 0) return undefined;
  const values = places.values.map((place) => first.values[place]);
  return numberOf(node, 'batch_dims', 0) === 0 && values.every((value) => value !== undefined)
    ? { shape: places.shape, values }
    : undefined;
}

/** A slice of a vector or a matrix; bit n of a mask is about axis n. */
function sliced(node: GraphNode, [first, begin, end, strides]: readonly Numbers[]): Numbers | undefined {
  const plain = ['ellipsis_mask', 'new_axis_mask'].every((mask) => numberOf(node, mask, 0) === 0);
  if (first === undefined || !plain || first.shape.length < 1 || first.shape.length > 2) return undefined;
  const bit = (mask: string, axis: number): boolean => ((numberOf(node, mask, 0) >> axis) & 1) === 1;
  const taken = (axis: number): number[] => {
    const length = first.shape[axis] ?? 1;
    const place = (value: number | undefined, absent: number): number =>
      Math.min(length, Math.max(0, value === undefined ? absent : value < 0 ? value + length : value));
    const from = place(bit('begin_mask', axis) ? undefined : begin?.values[axis], 0);
    if (bit('shrink_axis_mask', axis)) return [from];
    const to = place(bit('end_mask', axis) ? undefined : end?.values[axis], length);
    const step = Math.max(1, strides?.values[axis] ?? 1);
    return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, at) => from + at * step);
  };
  const rows = taken(0);
  const columns = first.shape.length === 2 ? taken(1) : [0];
  const width = first.shape.length === 2 ? (first.shape[1] ?? 1) : 1;
  return {
    shape: first.shape.map((_, axis) => (axis === 0 ? rows : columns).length).filter((_, axis) => !bit('shrink_axis_mask', axis)),
    values: rows.flatMap((row) => columns.map((column) => first.values[row * width + column] ?? Number.NaN)),
  };
}
