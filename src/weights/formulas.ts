/** Formulas that exporters write as several operations, in whichever order: products multiplied out, and polynomials of one tensor. */
import { GELU_TANH } from '../network/gelu.js';

/** What a tensor is made of: a number, an operation on two tensors (or one), or undefined for everything else. */
export type Term =
  | number
  | { readonly op: 'add' | 'subtract' | 'multiply' | 'divide' | 'power' | 'negate'; readonly inputs: readonly string[] };
export type ReadTerm = (name: string) => Term | undefined;

/** A product: the tensors that are multiplied, and the constant beside them. */
export interface Product {
  readonly scale: number;
  readonly tensors: readonly string[];
}

/** Nested products that are looked into. */
const DEEPEST = 3;
/** No function here is a product of more tensors; without a bound, nested products would be a power of two. */
const MOST_FACTORS = 2;

/** A tensor as products: as itself, and with what makes it multiplied out. */
export function products(name: string, read: ReadTerm, depth = 0): Product[] {
  const itself = { scale: 1, tensors: [name] };
  const term = read(name);
  if (typeof term === 'number') return [{ scale: term, tensors: [] }];
  return term === undefined || depth > DEEPEST ? [itself] : [itself, ...multipliedOut(term, read, depth)];
}

/** An operation as products of what it takes; none where it is no product. */
export function multipliedOut(term: Term | undefined, read: ReadTerm, depth = 0): Product[] {
  if (term === undefined || typeof term === 'number') return [];
  const [first = '', second = ''] = term.inputs;
  const scaled = (factor: number): Product[] =>
    products(first, read, depth + 1).map(({ scale, tensors }) => ({ scale: scale * factor, tensors }));
  if (term.op === 'negate') return scaled(-1);
  if (term.op === 'divide') {
    const divisor = read(second);
    return typeof divisor === 'number' ? scaled(1 / divisor) : [];
  }
  if (term.op !== 'multiply') return [];
  const others = products(second, read, depth + 1);
  return products(first, read, depth + 1).flatMap((a) =>
    others
      .filter((b) => a.tensors.length + b.tensors.length <= MOST_FACTORS)
      .map((b) => ({ scale: a.scale * b.scale, tensors: [...a.tensors, ...b.tensors] })),
  );
}

/** A tensor and the number that is added to it. */
export function plusNumber(name: string, read: ReadTerm): { rest: string; value: number } | undefined {
  const term = read(name);
  if (typeof term !== 'object' || term.op !== 'add') return undefined;
  const [first = '', second = ''] = term.inputs;
  const [left, right] = [read(first), read(second)];
  if (typeof right === 'number') return { rest: first, value: right };
  return typeof left === 'number' ? { rest: second, value: left } : undefined;
}

export function near(wanted: number): (value: number) => boolean {
  return (value) => Math.abs(value - wanted) <= 1e-5 * Math.abs(wanted);
}

/** Whether a tensor is `scale` · x. */
export function isMultiple(name: string, scale: number, x: string, read: ReadTerm): boolean {
  return products(name, read).some((one) => near(scale)(one.scale) && one.tensors.length === 1 && one.tensors[0] === x);
}

/** Whether a tensor is what GELU's approximation takes the tanh of: √(2/π) (x + 0.044715 x³). */
export function isGeluArgument(name: string, x: string, read: ReadTerm): boolean {
  const found = polynomial(name, x, read);
  const { root, cubic } = GELU_TANH;
  return (
    found !== undefined && found[0] === 0 && found[2] === 0 && near(root)(found[1] ?? 0) && near(root * cubic)(found[3] ?? 0)
  );
}

const CUBIC = 3;
/** The longest form of a cubic has some six operations one upon the other. */
const DEEPEST_POLYNOMIAL = 8;

/** The coefficients of 1, x, x² and x³; undefined where the tensor is no such polynomial of x. */
function polynomial(name: string, x: string, read: ReadTerm, depth = 0): readonly number[] | undefined {
  if (name === x) return [0, 1, 0, 0];
  const term = read(name);
  if (typeof term === 'number') return [term, 0, 0, 0];
  if (term === undefined || depth > DEEPEST_POLYNOMIAL) return undefined;
  const [first = '', second = ''] = term.inputs;
  const left = polynomial(first, x, read, depth + 1);
  if (left === undefined) return undefined;
  if (term.op === 'negate') return left.map((value) => -value);
  const right = polynomial(second, x, read, depth + 1);
  if (right === undefined) return undefined;
  const constant = right.slice(1).every((value) => value === 0) ? right[0] : undefined;
  switch (term.op) {
    case 'add':
      return left.map((value, at) => value + (right[at] ?? 0));
    case 'subtract':
      return left.map((value, at) => value - (right[at] ?? 0));
    case 'multiply':
      return timesPolynomial(left, right);
    case 'divide':
      return constant === undefined ? undefined : left.map((value) => value / constant);
    case 'power': {
      if (constant !== 2 && constant !== CUBIC) return undefined;
      const square = timesPolynomial(left, left);
      return square === undefined || constant === 2 ? square : timesPolynomial(square, left);
    }
  }
}

function timesPolynomial(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const result = [0, 0, 0, 0];
  for (const [i, left] of a.entries())
    for (const [j, right] of b.entries()) {
      if (left === 0 || right === 0) continue;
      if (i + j > CUBIC) return undefined;
      result[i + j] = (result[i + j] ?? 0) + left * right;
    }
  return result;
}
