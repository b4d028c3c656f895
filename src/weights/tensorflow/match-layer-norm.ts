import type { Variable } from '../../network/network.js';
import { flagOf, type GraphNode, numberOf, textOf } from './graph.js';
import { type Draft, everyChannel, type Pattern, type Site, vector } from './pattern.js';
import type { GraphView } from './view.js';

/** What is normalised, over which axis, and ε. */
interface Normal {
  readonly x: string;
  readonly axis: number;
  readonly epsilon: number;
}

/** A sum of products of x (`X`), its mean (`M`) and 1/√(its variance + ε) (`I`), each with a number, or one for each channel. */
type Expansion = ReadonlyMap<string, readonly number[]>;

const ARITHMETIC = new Set(['Add', 'AddV2', 'AddN', 'Sub', 'Mul', 'RealDiv', 'Neg']);
/** The longest form has some five operations between its result and its root. */
const DEEPEST = 6;
const MOST_TERMS = 8;
const MOST_LOOKED_AT = 64;

/**
 * LayerNormalization in any arithmetic form: whatever multiplies out to γ·I·X − γ·I·M + β, as Keras 3, `tf.nn.batch_normalization` and
 * people write it; and that of Keras 2, which lays maps out so that a BatchNorm in training normalises each place.
 */
export function matchLayerNorm(node: GraphNode, view: GraphView): Pattern | undefined {
  if (!ARITHMETIC.has(node.op) && node.op !== 'Reshape') return undefined;
  for (const normal of normalsBelow(node.name, view)) {
    const terms = expansion(node.name, normal, view, 0);
    const [gamma, centre] = [terms?.get('IX'), terms?.get('IM')];
    if (terms === undefined || gamma === undefined || centre === undefined) continue;
    if ([...terms.keys()].some((key) => !['IX', 'IM', ''].includes(key)) || !cancels(gamma, centre)) continue;
    return { inputs: [normal.x], make: (site) => [normDraft(node, normal, gamma, terms.get(''), site)] };
  }
  return undefined;
}

function cancels(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, at) => Math.abs((a[at % a.length] ?? 0) + (b[at % b.length] ?? 0))).every(
    (sum, at) => sum <= 1e-6 * Math.abs(a[at % a.length] ?? 0),
  );
}

/** The normalisations that a reference comes from by arithmetic alone, the nearest first: behind a sum with one may lie another. */
function normalsBelow(reference: string, view: GraphView): Normal[] {
  const found: Normal[] = [];
  const seen = new Set([reference]);
  let level = [reference];
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const nodes = level.filter((one) => view.constant(one) === undefined).map((one) => view.node(one));
    level = [];
    for (const node of nodes) {
      const normal = rootOf(node, view) ?? laidOut(node, view);
      if (normal !== undefined) found.push(normal);
      else if (ARITHMETIC.has(node.op))
        for (const input of node.inputs.map((one) => view.source(one))) {
          if (seen.has(input) || seen.size > MOST_LOOKED_AT) continue;
          seen.add(input);
          level.push(input);
        }
    }
  }
  return found;
}

/** √(variance + ε), or one over it. */
function rootOf(node: GraphNode, view: GraphView): Normal | undefined {
  if (node.op !== 'Rsqrt' && node.op !== 'Sqrt') return undefined;
  const sum = view.node(node.inputs[0] ?? '');
  if (sum.op !== 'Add' && sum.op !== 'AddV2') return undefined;
  const [first = '', second = ''] = sum.inputs;
  const [variance, epsilon] = view.scalar(second) === undefined ? [second, view.scalar(first)] : [first, view.scalar(second)];
  const mean = view.node(variance);
  if (epsilon === undefined || view.constant(variance) !== undefined || mean.op !== 'Mean') return undefined;
  const square = view.node(mean.inputs[0] ?? '');
  const [one = '', other = ''] = square.inputs.map((input) => view.source(input));
  const deviation = square.op === 'SquaredDifference' ? square : view.node(one);
  const squared =
    square.op === 'SquaredDifference' ||
    ((square.op === 'Square' || (square.op === 'Mul' && one === other)) && deviation.op === 'Sub');
  const [x = '', centre = ''] = deviation.inputs.map((input) => view.source(input));
  const axis = meanAxis(centre, x, view);
  if (!squared || axis === undefined || meanAxis(mean.name, view.source(mean.inputs[0] ?? ''), view) !== axis) return undefined;
  return { x, axis, epsilon };
}

/** The one axis over which a reference is the mean of another, which it keeps. */
function meanAxis(reference: string, of: string, view: GraphView): number | undefined {
  const node = view.node(reference);
  if (node.op !== 'Mean' || view.source(node.inputs[0] ?? '') !== of || !flagOf(node, 'keep_dims', false)) return undefined;
  return view.scalar(node.inputs[1]);
}

/** Keras 2: a map as [1, places, channels, 1], through a BatchNorm in training whose channels are the places, and back. */
function laidOut(node: GraphNode, view: GraphView): Normal | undefined {
  const norm = view.node(node.inputs[0] ?? '');
  const fused = node.op === 'Reshape' && norm.op.startsWith('FusedBatchNorm');
  if (!fused || !flagOf(norm, 'is_training', true) || textOf(norm, 'data_format', 'NHWC') !== 'NCHW') return undefined;
  const [rows = '', scale = '', offset = ''] = norm.inputs;
  const row = view.node(rows);
  const target = view.node(row.inputs[1] ?? '');
  const lengths = target.op === 'Pack' ? target.inputs.map((input) => view.scalar(input)) : undefined;
  const x = view.source(row.inputs[0] ?? '');
  const back = view.node(node.inputs[1] ?? '');
  const isBack = back.op === 'Shape' && view.source(back.inputs[0] ?? '') === x;
  if (row.op !== 'Reshape' || lengths?.length !== 4 || lengths[0] !== 1 || lengths[3] !== 1 || !isBack) return undefined;
  if (filling(scale, view) !== 1 || filling(offset, view) !== 0) return undefined;
  return { x, axis: -1, epsilon: numberOf(norm, 'epsilon', 1e-4) };
}

/** The one number that a vector is full of. */
function filling(reference: string, view: GraphView): number | undefined {
  const node = view.node(reference);
  if (node.op === 'Fill') return view.scalar(node.inputs[1]);
  const values = view.constant(reference)?.values();
  return values?.every((value) => value === values[0]) === true ? values[0] : undefined;
}

function expansion(reference: string, normal: Normal, view: GraphView, depth: number): Expansion | undefined {
  const source = view.source(reference);
  if (source === normal.x) return new Map([['X', [1]]]);
  const constant = vector(view.constant(source));
  if (constant !== undefined) return new Map([['', constant]]);
  const node = view.node(source);
  if (meanAxis(source, normal.x, view) === normal.axis) return new Map([['M', [1]]]);
  const root = rootOf(node, view);
  // A root by itself is 1/I: only a division by it is read.
  if (root !== undefined) return same(root, normal) && node.op === 'Rsqrt' ? new Map([['I', [1]]]) : undefined;
  const laid = laidOut(node, view);
  if (laid !== undefined)
    return same(laid, normal)
      ? new Map([
          ['IX', [1]],
          ['IM', [-1]],
        ])
      : undefined;
  if (!ARITHMETIC.has(node.op) || depth > DEEPEST) return undefined;
  // Grappler joins sums; of this one there are three terms at most.
  if (node.op === 'AddN')
    return node.inputs.length > 3
      ? undefined
      : node.inputs
          .map((input) => expansion(input, normal, view, depth + 1))
          .reduce<Expansion | undefined>((sum, one) => plus(sum, one), new Map());
  const [first = '', second = ''] = node.inputs;
  const left = expansion(first, normal, view, depth + 1);
  if (left === undefined) return undefined;
  if (node.op === 'Neg') return times(left, new Map([['', [-1]]]));
  if (node.op === 'RealDiv') {
    const divisor = vector(view.constant(second));
    if (divisor !== undefined) return times(left, new Map([['', divisor.map((value) => 1 / value)]]));
    const below = view.node(second);
    const by = below.op === 'Sqrt' ? rootOf(below, view) : undefined;
    return by !== undefined && same(by, normal) ? times(left, new Map([['I', [1]]])) : undefined;
  }
  const right = expansion(second, normal, view, depth + 1);
  if (right === undefined) return undefined;
  if (node.op === 'Mul') return times(left, right);
  return plus(left, node.op === 'Sub' ? times(right, new Map([['', [-1]]])) : right);
}

function same(a: Normal, b: Normal): boolean {
  return a.x === b.x && a.axis === b.axis && a.epsilon === b.epsilon;
}

function each(a: readonly number[], b: readonly number[], apply: (a: number, b: number) => number): number[] {
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, at) => apply(a[at % a.length] ?? 0, b[at % b.length] ?? 0));
}

function plus(a: Expansion | undefined, b: Expansion | undefined): Expansion | undefined {
  if (a === undefined || b === undefined) return undefined;
  const sum = new Map(a);
  for (const [key, values] of b) {
    const old = sum.get(key);
    sum.set(key, old === undefined ? values : each(old, values, (left, right) => left + right));
  }
  return sum.size > MOST_TERMS ? undefined : sum;
}

function times(a: Expansion, b: Expansion): Expansion | undefined {
  if (a.size * b.size > MOST_TERMS) return undefined;
  let product: Expansion | undefined = new Map();
  for (const [one, left] of a)
    for (const [other, right] of b) {
      const key = [...one, ...other].sort().join('');
      if (key.length > 3) return undefined;
      product = plus(product, new Map([[key, each(left, right, (x, y) => x * y)]]));
    }
  return product;
}

function normDraft(
  node: GraphNode,
  { axis, epsilon }: Normal,
  gamma: readonly number[],
  beta: readonly number[] | undefined,
  site: Site,
): Draft {
  const [input] = site.inputs;
  const channels = input?.channels ?? 0;
  if (axis !== -1 && axis !== (input?.rank ?? 0) - 1)
    site.refuse(node, `normalises over the axis ${axis} of a tensor of rank ${input?.rank}`, 'the channels, the last axis');
  const name = site.name(node.name, 'norm');
  const own = (role: 'gamma' | 'beta', values: readonly number[] | undefined): Variable[] => {
    // A single 1 is no factor of anybody's; a single other number is one for all channels.
    if (values === undefined || (role === 'gamma' && values.length === 1 && values[0] === 1)) return [];
    if (values.length !== 1 && values.length !== channels)
      site.refuse(node, `has a ${role} of ${values.length} numbers`, `one for each of the ${channels} channels`);
    return [{ name: `${name}/${role}`, layer: name, role, shape: [channels], values: everyChannel(values, channels) }];
  };
  const variables = [...own('gamma', gamma), ...own('beta', beta)];
  const roles = Object.fromEntries(variables.map((variable) => [variable.role, variable.name]));
  return { layer: { kind: 'layer-norm', name, inputs: [input?.name ?? ''], stage: '', ...roles, epsilon }, variables };
}
