import { UserError } from '../../errors.js';
import { permuted } from '../permute.js';
import { describeNode, type OnnxGraph, type OnnxNode } from './graph.js';
import { sliced } from './sliced.js';
import type { Constant } from './tensors.js';

/** Integers of a shape that are worked out; more are no shape. */
const LONGEST_SHAPE = 64;
/** Elements of all sums and products together: what exporters leave of scales and shifts is far less, a bomb far more. */
const MOST_ARITHMETIC = 2e7;
/** Transpositions of a transposed tensor that are put off; an exporter makes one. */
const DEEPEST = 4;

/**
 * The graph with every node worked out whose inputs are all constants: Constant nodes, weights that are renamed, cast, reshaped or
 * transposed, and small arithmetic with them. What it cannot work out stays a node.
 */
export function foldConstants(graph: OnnxGraph): OnnxGraph {
  const constants = new Map(graph.constants);
  const depths = new WeakMap<Constant, number>();
  let left = MOST_ARITHMETIC;
  const nodes = graph.nodes.filter((node) => {
    const inputs = node.inputs.map((name) => (name === '' ? undefined : constants.get(name)));
    if (node.inputs.some((name, at) => name !== '' && inputs[at] === undefined)) return true;
    const depth = Math.max(0, ...inputs.map((input) => (input && depths.get(input)) ?? 0)) + (node.op === 'Transpose' ? 1 : 0);
    if (ARITHMETIC.has(node.op)) left -= Math.max(1, ...inputs.map((input) => sizeOf(input?.shape ?? [])));
    if (left < 0 || depth > DEEPEST) return true;
    const value = constantNode(node, inputs, graph);
    if (value === undefined) return true;
    if (depth > 0) depths.set(value, depth);
    constants.set(node.output, value);
    return false;
  });
  return { ...graph, nodes, constants };
}

const ARITHMETIC = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Sqrt', 'Neg', 'Reciprocal']);

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

type Inputs = readonly (Constant | undefined)[];

function constantNode(node: OnnxNode, inputs: Inputs, graph: OnnxGraph): Constant | undefined {
  const [first, second] = inputs;
  if (node.op === 'Constant') return written(node);
  if (first === undefined) return undefined;
  switch (node.op) {
    case 'Identity':
    case 'Dropout':
      return first;
    case 'Cast':
      return { ...first, integers: () => Array.from(first.values(), Math.trunc) };
    case 'Reshape':
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Flatten':
      return reshaped(node, first, second);
    case 'Transpose':
      return transposed(node, first, graph.where);
    case 'Shape':
      return whole([...first.shape]);
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Pow':
      return second && arithmetic(node.op, first, second);
    case 'Sqrt':
      return mapped(first, Math.sqrt);
    case 'Neg':
      return mapped(first, (value) => -value);
    case 'Reciprocal':
      return mapped(first, (value) => 1 / value);
    case 'Concat':
    case 'Gather':
    case 'Slice':
    case 'ConstantOfShape':
      return shapeArithmetic(node, inputs);
    default:
      return undefined;
  }
}

/** A Constant node's number or numbers, which it has as a tensor or, since opset 12, as an attribute. */
function written(node: OnnxNode): Constant | undefined {
  const tensor = node.tensor('value');
  if (tensor !== undefined) return tensor;
  if (node.has('value_float')) {
    const value = node.float('value_float', 0);
    return { shape: [], values: () => Float32Array.of(value), integers: () => [Math.trunc(value)] };
  }
  if (node.has('value_int')) return whole([node.int('value_int', 0)], []);
  if (node.has('value_ints')) return whole([...node.ints('value_ints', [])]);
  return undefined;
}

/** Whole numbers as a constant: a list, where no shape is given. */
function whole(integers: number[], shape: readonly number[] = [integers.length]): Constant {
  return { shape, values: () => Float32Array.from(integers), integers: () => [...integers] };
}

/** Axes of a node: an attribute, or since opset 13 (18) its second input. */
export function axesOf(node: OnnxNode, second: Constant | undefined): readonly number[] | undefined {
  if (second !== undefined) return second.integers();
  return node.has('axes') ? node.ints('axes', []) : undefined;
}

function reshaped(node: OnnxNode, tensor: Constant, second: Constant | undefined): Constant | undefined {
  const shape = shapeAfter(node, tensor.shape, second);
  return shape === undefined || sizeOf(shape) !== sizeOf(tensor.shape) ? undefined : { ...tensor, shape };
}

function shapeAfter(node: OnnxNode, shape: readonly number[], second: Constant | undefined): number[] | undefined {
  const size = sizeOf(shape);
  switch (node.op) {
    case 'Reshape': {
      const wanted = second?.integers().map((extent, at) => (extent === 0 ? (shape[at] ?? 0) : extent));
      const known = wanted?.filter((extent) => extent >= 0).reduce((product, extent) => product * extent, 1) ?? 0;
      return wanted?.map((extent) => (extent < 0 ? size / known : extent));
    }
    case 'Flatten': {
      const axis = node.int('axis', 1);
      const first = sizeOf(shape.slice(0, axis));
      return [first, size / first];
    }
    case 'Squeeze': {
      const axes = axesOf(node, second)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
      return shape.filter((extent, at) => (axes === undefined ? extent !== 1 : !axes.includes(at)));
    }
    case 'Unsqueeze': {
      const axes = axesOf(node, second) ?? [];
      const rank = shape.length + axes.length;
      if (rank > 8) return undefined;
      const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
      const rest = [...shape];
      return Array.from({ length: rank }, (_, at) => (added.has(at) ? 1 : (rest.shift() ?? 1)));
    }
    default:
      return undefined;
  }
}

function transposed(node: OnnxNode, tensor: Constant, where: string): Constant {
  const rank = tensor.shape.length;
  const perm = node.ints('perm', [...tensor.shape.keys()].reverse());
  if ([...perm].sort((a, b) => a - b).some((axis, at) => axis !== at) || perm.length !== rank)
    throw new UserError({ where, what: `${describeNode(node)} has no permutation of ${rank} axes`, found: perm.join(', ') });
  const shape = perm.map((axis) => tensor.shape[axis] as number);
  return {
    shape,
    values: () => permuted(tensor.values(), tensor.shape, perm),
    integers: () => Array.from(permuted(Float32Array.from(tensor.integers()), tensor.shape, perm)),
  };
}

/** Worked out at once: put off, a chain of sums would be worked out again for each that takes it. */
function known(shape: readonly number[], values: Float32Array): Constant {
  return { shape, values: () => values, integers: () => Array.from(values, Math.trunc) };
}

function mapped(tensor: Constant, change: (value: number) => number): Constant {
  return known(tensor.shape, tensor.values().map(change));
}

/** One with a scalar, or two of one shape; other broadcasts of weights do not occur in what ft reads. */
function arithmetic(op: 'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow', a: Constant, b: Constant): Constant | undefined {
  const [many, one] = [sizeOf(a.shape), sizeOf(b.shape)];
  if (a.shape.join() !== b.shape.join() && many !== 1 && one !== 1) return undefined;
  const shape = many === 1 && b.shape.length >= a.shape.length ? b.shape : a.shape;
  const [left, right] = [a.values(), b.values()];
  const apply = (x: number, y: number): number => {
    switch (op) {
      case 'Add':
        return x + y;
      case 'Sub':
        return x - y;
      case 'Mul':
        return x * y;
      case 'Div':
        return x / y;
      case 'Pow':
        return x ** y;
    }
  };
  const at = (values: Float32Array, index: number) => values[values.length === 1 ? 0 : index] as number;
  return known(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, index) => apply(at(left, index), at(right, index))),
  );
}

/** What exporters work out for a Reshape or a Pad: short lists of whole numbers. */
function shapeArithmetic(node: OnnxNode, inputs: Inputs): Constant | undefined {
  if (inputs.reduce((sum, tensor) => sum + sizeOf(tensor?.shape ?? []), 0) > LONGEST_SHAPE) return undefined;
  const [first = [], second = [], third = [], fourth, fifth] = inputs.map((tensor) => tensor?.integers());
  const shape = inputs[0]?.shape ?? [];
  if (node.op === 'Slice') {
    // Rows of a list of pairs too: PyTorch turns the pads of F.pad round so.
    const width = sizeOf(shape.slice(1));
    const rows = Array.from({ length: shape[0] ?? 0 }, (_, row) => first.slice(row * width, (row + 1) * width));
    if ((fourth?.[0] ?? 0) !== 0) return undefined;
    const [start = 0, end = 0] = [second[0] ?? node.ints('starts', [])[0], third[0] ?? node.ints('ends', [])[0]];
    const left = sliced(rows, start, end, fifth?.[0] ?? 1);
    return whole(left.flat(), [left.length, ...shape.slice(1)]);
  }
  if (inputs.some((one) => (one?.shape.length ?? 0) > 1)) return undefined;
  switch (node.op) {
    case 'Concat':
      return whole(inputs.flatMap((tensor) => tensor?.integers() ?? []));
    case 'Gather':
      return whole(
        second.map((at) => first.at(at) ?? 0),
        inputs[1]?.shape ?? [],
      );
    case 'ConstantOfShape': {
      const [length = 0] = first;
      if (first.length !== 1 || length < 0 || length > LONGEST_SHAPE) return undefined;
      return whole(new Array<number>(length).fill(node.tensor('value')?.values()[0] ?? 0));
    }
    default:
      return undefined;
  }
}
