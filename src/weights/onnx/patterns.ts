/** Functions that exporters write as several operations, found again as the one operation that they are. */
import { isGeluArgument, isMultiple, multipliedOut, near, plusNumber, type Term } from '../formulas.js';
import type { OnnxGraph, OnnxNode } from './graph.js';

/** ONNX' names of arithmetic. */
const ARITHMETIC: ReadonlyMap<string, Exclude<Term, number>['op']> = new Map([
  ['Add', 'add'],
  ['Sub', 'subtract'],
  ['Mul', 'multiply'],
  ['Div', 'divide'],
  ['Pow', 'power'],
  ['Neg', 'negate'],
]);

/** What a group of nodes comes to. `attributes` are floats and lists of integers. */
interface Found {
  readonly op: string;
  readonly input: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/**
 * The nodes with the last of each group replaced by `Gelu`, `GeluTanh`, `Mish`, `Swish`, `HardSwish`, `HardSigmoid` (of 1/6 and ½), `LayerNorm` (over the
 * axes of its attribute, without scale and shift) or a ReduceMean over two axes. The others of a group stay where something else takes them.
 */
export function foundPatterns({ nodes, constants }: Pick<OnnxGraph, 'nodes' | 'constants'>): OnnxNode[] {
  const givers = new Map(nodes.map((node) => [node.output, node]));
  const giver = (name: string, op: string): OnnxNode | undefined => {
    const node = givers.get(name);
    return node?.op === op ? node : undefined;
  };
  const scalar = (name: string): number | undefined => {
    const constant = constants.get(name);
    return constant?.shape.every((extent) => extent === 1) === true ? constant.values()[0] : undefined;
  };

  const read = (name: string): Term | undefined => scalar(name) ?? termOf(givers.get(name));
  /** What is added to a constant, where the tensor is that sum. */
  const plus = (name: string, wanted: (value: number) => boolean) => {
    const sum = plusNumber(name, read);
    return sum !== undefined && wanted(sum.value) ? sum : undefined;
  };

  const activation = (node: OnnxNode): Found | undefined => {
    for (const { scale, tensors } of multipliedOut(termOf(node), read)) {
      for (const [inner, x] of tensors.length === 1 ? [[tensors[0], '']] : [tensors, [...tensors].reverse()]) {
        if (inner === undefined || x === undefined) continue;
        const op = gateOf(scale, inner, x);
        if (op !== undefined) return op;
      }
    }
    return undefined;
  };
  /** The function that is `scale` · x · `gate`, with a gate that is a function of x; `x` is '' where the gate stands alone. */
  const gateOf = (scale: number, gate: string, x: string): Found | undefined => {
    const shifted = plus(clipped(gate) ?? '', near(3))?.rest;
    if (shifted !== undefined && near(1 / 6)(scale)) {
      if (x === '') return { op: 'HardSigmoid', input: shifted, attributes: { alpha: 1 / 6, beta: 0.5 } };
      if (x === shifted) return { op: 'HardSwish', input: x };
    }
    if (x === '') return undefined;
    if (near(1)(scale) && giver(gate, 'Sigmoid')?.inputs[0] === x) return { op: 'Swish', input: x };
    const hard = giver(gate, 'HardSigmoid');
    if (near(1)(scale) && hard?.inputs[0] === x && near(1 / 6)(hard.float('alpha', 0.2)) && near(0.5)(hard.float('beta', 0.5)))
      return { op: 'HardSwish', input: x };
    if (near(1)(scale) && giver(giver(gate, 'Tanh')?.inputs[0] ?? '', 'Softplus')?.inputs[0] === x)
      return { op: 'Mish', input: x };
    if (!near(0.5)(scale)) return undefined;
    const inner = givers.get(plus(gate, near(1))?.rest ?? '');
    const argument = inner?.inputs[0] ?? '';
    if (inner?.op === 'Erf' && isMultiple(argument, Math.SQRT1_2, x, read)) return { op: 'Gelu', input: x };
    return inner?.op === 'Tanh' && isGeluArgument(argument, x, read) ? { op: 'GeluTanh', input: x } : undefined;
  };
  /** What a Clip to 0 … 6 takes. */
  const clipped = (name: string): string | undefined => {
    const node = giver(name, 'Clip');
    if (node === undefined) return undefined;
    const [low, high] = clipBounds(node, (input) => constants.get(input)?.values()[0]);
    return low === 0 && high === 6 ? node.inputs[0] : undefined;
  };

  /** (x − mean x) / √(mean (x − mean x)² + ε). */
  const layerNorm = (node: OnnxNode): Found | undefined => {
    const [top = '', bottom = ''] = node.inputs;
    const deviation = giver(top, 'Sub');
    const root = giver(bottom, 'Sqrt');
    const [x = '', mean = ''] = deviation?.inputs ?? [];
    const sum = root && plus(root.inputs[0] ?? '', (value) => value >= 0 && value < 0.1);
    const variance = giver(sum?.rest ?? '', 'ReduceMean');
    const axes = meanAxes(giver(mean, 'ReduceMean'), x);
    if (sum === undefined || axes === undefined || meanAxes(variance, variance?.inputs[0])?.join() !== axes.join())
      return undefined;
    const isDeviation = (name: string | undefined) =>
      name !== undefined && (name === top || giver(name, 'Sub')?.inputs.join('\0') === deviation?.inputs.join('\0'));
    const square = givers.get(variance?.inputs[0] ?? '');
    const [base, exponent] = square?.inputs ?? [];
    const squares =
      (square?.op === 'Pow' && isDeviation(base) && scalar(exponent ?? '') === 2) ||
      (square?.op === 'Mul' && isDeviation(base) && isDeviation(exponent));
    return squares ? { op: 'LayerNorm', input: x, attributes: { axes, epsilon: sum.value } } : undefined;
  };
  const meanAxes = (node: OnnxNode | undefined, of: string | undefined): readonly number[] | undefined => {
    if (node === undefined || node.inputs[0] !== of || node.int('keepdims', 1) !== 1) return undefined;
    return constants.get(node.inputs[1] ?? '')?.integers() ?? node.ints('axes', []);
  };

  /** The mean over the last axis and then over the one before it, as `x.mean(3).mean(2)` is written. */
  const meanOfMean = (node: OnnxNode): Found | undefined => {
    const inner = giver(node.inputs[0] ?? '', 'ReduceMean');
    const single = (one: OnnxNode | undefined) =>
      one?.int('keepdims', 1) === 0 ? (constants.get(one.inputs[1] ?? '')?.integers() ?? one.ints('axes', [])).join() : '';
    const input = inner?.inputs[0] ?? '';
    return single(inner) === '3' && single(node) === '2'
      ? { op: 'ReduceMean', input, attributes: { axes: [2, 3], keepdims: 0 } }
      : undefined;
  };

  return nodes.map((node) => {
    const found =
      node.op === 'Mul' || node.op === 'Div'
        ? ((node.op === 'Div' ? layerNorm(node) : undefined) ?? activation(node))
        : node.op === 'ReduceMean'
          ? meanOfMean(node)
          : undefined;
    return found === undefined ? node : replaced(node, found);
  });
}

/** The bounds of a Clip: attributes up to opset 10, then inputs. */
export function clipBounds(node: OnnxNode, numberOf: (input: string) => number | undefined): [low: number, high: number] {
  const bound = (at: number, attribute: string, absent: number): number => {
    const name = node.inputs[at] ?? '';
    return name === '' ? node.float(attribute, absent) : (numberOf(name) ?? Number.NaN);
  };
  const [low, high] = [bound(1, 'min', Number.NEGATIVE_INFINITY), bound(2, 'max', Number.POSITIVE_INFINITY)];
  return [low, high > 1e38 ? Number.POSITIVE_INFINITY : high];
}

function termOf(node: OnnxNode | undefined): Term | undefined {
  const op = ARITHMETIC.get(node?.op ?? '');
  return node === undefined || op === undefined ? undefined : { op, inputs: node.inputs };
}

function replaced(node: OnnxNode, { op, input, attributes = {} }: Found): OnnxNode {
  const number = (name: string, absent: number) => (typeof attributes[name] === 'number' ? attributes[name] : absent);
  return {
    ...node,
    op,
    inputs: [input],
    float: number,
    int: number,
    ints: (name, absent) => (Array.isArray(attributes[name]) ? (attributes[name] as readonly number[]) : absent),
    has: (name) => name in attributes,
  };
}
