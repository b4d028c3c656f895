import type { GraphNode } from './graph.js';
import { type Affine, vector } from './pattern.js';
import type { GraphView } from './view.js';

/** The map that a node multiplies by constants or adds constants to. */
export function step(node: GraphNode, view: GraphView): { map: string; affine: Affine } | undefined {
  const [a = '', b = ''] = node.inputs;
  if (node.op === 'Neg' && view.constant(a) === undefined) return { map: view.source(a), affine: { scale: [-1], shift: [0] } };
  const left = vector(view.constant(a));
  const right = vector(view.constant(b));
  if ((left === undefined) === (right === undefined)) return undefined;
  const factors = (right ?? left) as readonly number[];
  if (view.constant(a) !== undefined && view.constant(b) !== undefined) return undefined;
  const map = view.source(right === undefined ? b : a);
  switch (node.op) {
    case 'Mul':
      return { map, affine: { scale: factors, shift: [0] } };
    case 'RealDiv':
    case 'Div':
      return right === undefined ? undefined : { map, affine: { scale: factors.map((factor) => 1 / factor), shift: [0] } };
    case 'Add':
    case 'AddV2':
    case 'BiasAdd':
      return { map, affine: { scale: [1], shift: factors } };
    case 'Sub':
      return right === undefined
        ? { map, affine: { scale: [-1], shift: factors } }
        : { map, affine: { scale: [1], shift: factors.map((factor) => -factor) } };
    default:
      return undefined;
  }
}

/** The lower one first: `s₂(s₁x + b₁) + b₂`. */
export function composed(upper: Affine, lower: Affine): Affine {
  const both = (a: readonly number[], b: readonly number[], apply: (a: number, b: number) => number): number[] =>
    Array.from({ length: Math.max(a.length, b.length) }, (_, at) => apply(a[at % a.length] ?? 0, b[at % b.length] ?? 0));
  const product = (a: number, b: number): number => a * b;
  return {
    scale: both(upper.scale, lower.scale, product),
    shift: both(both(upper.scale, lower.shift, product), upper.shift, (a, b) => a + b),
  };
}
