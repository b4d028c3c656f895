import type { ReadTerm, Term } from '../formulas.js';
import type { GraphView } from './view.js';

const OPERATIONS: ReadonlyMap<string, Exclude<Term, number>['op']> = new Map([
  ['Add', 'add'],
  ['AddV2', 'add'],
  ['Sub', 'subtract'],
  ['Mul', 'multiply'],
  ['RealDiv', 'divide'],
  ['Div', 'divide'],
  ['Pow', 'power'],
  ['Neg', 'negate'],
]);

/** A graph as terms: sums, products and powers of maps and of single numbers. Names are sources, so equal maps have equal names. */
export function termsOf(view: GraphView): ReadTerm {
  return (name) => {
    const value = view.scalar(name);
    if (value !== undefined) return value;
    const node = view.node(name);
    const inputs = node.inputs.map((input) => view.source(input));
    if (node.op === 'Square') return { op: 'multiply', inputs: [inputs[0] ?? '', inputs[0] ?? ''] };
    const op = OPERATIONS.get(node.op);
    return op === undefined ? undefined : { op, inputs };
  };
}
