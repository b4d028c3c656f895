import type { ActivationName } from '../../network/network.js';
import { isGeluArgument, isMultiple, multipliedOut, near, plusNumber, type ReadTerm } from '../formulas.js';
import type { GraphNode } from './graph.js';
import { termsOf } from './terms.js';
import type { GraphView } from './view.js';

/**
 * Activations that are x times a gate of x, in whichever order they are multiplied: GELU as ½x(1 + erf(x/√2)), as ½x·erfc(−x/√2)
 * (TensorFlow 2.21) and by tanh; mish.
 */
export function gateOfItself(node: GraphNode, view: GraphView): readonly [ActivationName, string] | undefined {
  const read = termsOf(view);
  for (const { scale, tensors } of multipliedOut(read(node.name), read)) {
    const [first, second] = tensors;
    if (first === undefined || second === undefined) continue;
    for (const [x, gate] of [
      [first, second],
      [second, first],
    ] as const) {
      const found = gateOf(x, gate, scale, view, read);
      if (found !== undefined) return [found, x];
    }
  }
  return undefined;
}

function gateOf(x: string, gate: string, scale: number, view: GraphView, read: ReadTerm): ActivationName | undefined {
  const node = view.node(gate);
  const takes = (reference: string): string => view.source(view.node(reference).inputs[0] ?? '');
  if (scale === 1 && node.op === 'Tanh') {
    const inner = takes(gate);
    return view.node(inner).op === 'Softplus' && takes(inner) === x ? 'mish' : undefined;
  }
  if (!near(0.5)(scale)) return undefined;
  if (node.op === 'Erfc') return isMultiple(takes(gate), -Math.SQRT1_2, x, read) ? 'gelu' : undefined;
  const sum = plusNumber(gate, read);
  if (sum?.value !== 1) return undefined;
  const argument = takes(sum.rest);
  switch (view.node(sum.rest).op) {
    case 'Erf':
      return isMultiple(argument, Math.SQRT1_2, x, read) ? 'gelu' : undefined;
    case 'Tanh':
      return isGeluArgument(argument, x, read) ? 'gelu-tanh' : undefined;
    default:
      return undefined;
  }
}
