import type { NamedTensor } from '../named-tensor.js';
import type { GraphNode } from './graph.js';
import { numberOf } from './graph.js';

/** Vectors about a map are small, and so is a kernel that a BatchNorm is folded into. */
const MOST_ELEMENTS = 2 ** 22;

const BINARY: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['Add', (a: number, b: number) => a + b],
  ['AddV2', (a: number, b: number) => a + b],
  ['Sub', (a: number, b: number) => a - b],
  ['Mul', (a: number, b: number) => a * b],
  ['RealDiv', (a: number, b: number) => a / b],
  ['Div', (a: number, b: number) => a / b],
  ['Maximum', (a: number, b: number) => Math.max(a, b)],
  ['Minimum', (a: number, b: number) => Math.min(a, b)],
]);
const UNARY: ReadonlyMap<string, (a: number) => number> = new Map([
  ['Rsqrt', (a: number) => 1 / Math.sqrt(a)],
  ['Sqrt', Math.sqrt],
  ['Neg', (a: number) => -a],
  ['Square', (a: number) => a * a],
  ['Reciprocal', (a: number) => 1 / a],
]);

/**
 * What an operation on constants gives, so that vectors which a graph still computes (a BatchNorm's scale, a reshaped bias)
 * are constants too; undefined where the operation is not one of these or the result would be large.
 */
export function constantResult(node: GraphNode, inputs: readonly NamedTensor[]): NamedTensor | undefined {
  const [first, second] = inputs;
  if (first === undefined) return undefined;
  const unary = UNARY.get(node.op);
  if (unary !== undefined) return { shape: first.shape, values: () => first.values().map(unary) };
  const binary = BINARY.get(node.op);
  if (binary !== undefined) return second === undefined ? undefined : broadcast(first, second, binary);
  switch (node.op) {
    case 'Cast':
      return first;
    case 'Reshape': {
      if (second === undefined || size(second) > 8) return undefined;
      const target = [...second.values()];
      const known = target.reduce((product, length) => (length < 0 ? product : product * length), 1);
      const shape = target.map((length) => (length < 0 ? size(first) / known : length));
      return shape.reduce((product, length) => product * length, 1) === size(first) ? { ...first, shape } : undefined;
    }
    case 'ExpandDims': {
      const axis = second === undefined ? 0 : (second.values()[0] ?? 0);
      const at = axis < 0 ? axis + first.shape.length + 1 : axis;
      return { ...first, shape: [...first.shape.slice(0, at), 1, ...first.shape.slice(at)] };
    }
    case 'Squeeze':
      return { ...first, shape: first.shape.filter((length) => length !== 1) };
    case 'Transpose':
      return second !== undefined && isIdentity(second) ? first : undefined;
    case 'ConcatV2': {
      const parts = inputs.slice(0, -1);
      if (parts.some((part) => part.shape.length !== 1 || size(part) < 1 || size(part) > 8)) return undefined;
      return {
        shape: [parts.reduce((sum, part) => sum + size(part), 0)],
        values: () => Float32Array.from(parts.flatMap((part) => [...part.values()])),
      };
    }
    case 'Pack':
      return inputs.every((input) => size(input) === 1) && numberOf(node, 'axis', 0) === 0
        ? { shape: [inputs.length], values: () => Float32Array.from(inputs, (input) => input.values()[0] ?? 0) }
        : undefined;
    default:
      return undefined;
  }
}

/** Whether a permutation of axes leaves them as they are. */
export function isIdentity(permutation: NamedTensor): boolean {
  return size(permutation) <= 8 && permutation.values().every((axis, at) => axis === at);
}

function size(tensor: NamedTensor): number {
  return tensor.shape.reduce((product, length) => product * length, 1);
}

/** Two tensors of the same shape, or one about the last axes (or a scalar) against the other. */
function broadcast(a: NamedTensor, b: NamedTensor, apply: (a: number, b: number) => number): NamedTensor | undefined {
  const [longer, shorter] = size(a) >= size(b) ? [a, b] : [b, a];
  if (size(longer) > MOST_ELEMENTS) return undefined;
  const own = size(shorter);
  const first = shorter.shape.findIndex((length) => length !== 1);
  const tail = first < 0 ? [] : shorter.shape.slice(first);
  if (own !== 1 && tail.join() !== longer.shape.slice(-tail.length).join()) return undefined;
  const shape = longer.shape.length >= shorter.shape.length ? longer.shape : [...shorter.shape.slice(0, -1), ...longer.shape];
  return {
    shape,
    values: () => {
      const [left, right] = [a.values(), b.values()];
      return Float32Array.from({ length: size(longer) }, (_, at) =>
        apply(left[at % left.length] ?? 0, right[at % right.length] ?? 0),
      );
    },
  };
}
