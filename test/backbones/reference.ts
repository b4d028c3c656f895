/** Compares a backbone with what its reference implementation gave (test/golden/backbones.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import type { Layout } from '../../src/backbones/layout.js';
import { globalPool, run } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { u } from '../train/formula.js';
import { formulaWeights, namesHash, publishedTensors } from './published.js';
import { variantAndLayout } from './rows.js';

/** A tensor as its norm, its product with the formula's numbers, and sixteen of its values. */
export interface Outline {
  readonly size: number;
  readonly norm: number;
  readonly product: number;
  readonly values: string;
}
export interface Golden {
  readonly draw: number;
  readonly sizes: readonly { height: number; width: number; map: number[]; features: Outline; logits: Outline | null }[];
  readonly loss: number;
  readonly parameters: number;
  readonly names: string;
  readonly gradients: string;
}

/** Relative to the largest number, at features and logits; and of the norm of a gradient. */
const FORWARD = 1e-4;
const GRADIENT = 1e-3;

/** What is committed, or what the generator wrote in another folder. */
export function readGolden(key: string, folder = fileURLToPath(new URL('../golden/', import.meta.url))): Golden {
  return JSON.parse(readFileSync(join(folder, 'backbones', `${key}.json`), 'utf8')) as Golden;
}

interface Reference {
  readonly network: Network;
  readonly golden: Golden;
  /** Whether the classifier is there, nine tenths of VGG. */
  readonly classifier: boolean;
}

/** The network with the formula's weights, read as from a published file, names and sizes compared with the reference's. */
export function referenceNetwork(key: string, classifier = true): Reference {
  const { variant, layout } = variantAndLayout(key);
  const golden = readGolden(key);
  const tensors = publishedTensors(variant, layout, formulaWeights(layout.order));
  expect(namesHash(tensors), 'names and sizes of the tensors').toBe(golden.names);
  return { network: assemble(variant, layout, tensors, { where: key, classifier }), golden, classifier };
}

/** Features and logits at every size of the golden. Gives the largest difference, relative to the largest number. */
export function compareForward(key: string, { network, golden, classifier }: Reference): number {
  const { layout } = variantAndLayout(key);
  const lookup = lookupOf(network);
  const found = golden.sizes.flatMap(({ height, width, map, features, logits }) =>
    tf.tidy(() => {
      const { last, scores } = bothOf(
        network,
        imageOf(golden.draw, height, width, layout),
        lookup,
        classifier && logits !== null,
      );
      expect(last.shape.slice(1)).toEqual(map);
      const where = `at ${height} × ${width}`;
      return [
        compareOutline(last, features, 'features', `features ${where}`),
        ...(logits === null || scores === undefined ? [] : [compareOutline(scores, logits, 'logits', `logits ${where}`)]),
      ];
    }),
  );
  return Math.max(...found);
}

/** The features alone, at so many sizes, of a network that takes the colours in the reference's order, or (`rgb`) as ft does. */
export function compareFeatures(key: string, network: Network, sizes: number, rgb = false): number {
  const order = rgb ? variantAndLayout(key).layout : {};
  const golden = readGolden(key);
  const found = golden.sizes.slice(0, sizes).map(({ height, width, features }) =>
    tf.tidy(() => {
      const { output } = run(network, imageOf(golden.draw, height, width, order), lookupOf(network));
      return compareOutline(output, features, 'features', `features at ${height} × ${width}`);
    }),
  );
  return Math.max(...found);
}

/** The gradient of every parameter, by its norm and by its product with the formula's numbers. Gives the largest difference, in norms. */
export function compareGradients(key: string, { network, golden }: Reference): number {
  const { variant, layout } = variantAndLayout(key);
  const [{ height, width, logits }] = golden.sizes as [Golden['sizes'][number]];
  // The numbers of the products pass through the same reader, so that they stand where the weights do.
  const numbers = publishedTensors(variant, layout, ({ name }, size) => new Float32Array(u(`${name} gradient`, size)));
  const factors = assemble(variant, layout, numbers, { where: key, classifier: logits !== null }).variables;
  const topology = variant.topology();
  const head = new Set(topology.layers.filter(({ stage }) => stage === 'head').map(({ name }) => name));
  const parameters = topology.variables
    .filter(({ role }) => role !== 'mean' && role !== 'variance')
    .filter(({ layer }) => logits !== null || !head.has(layer))
    .map((variable) => ({ published: layout.nameOf(variable), name: variable.name }))
    .sort((a, b) => (a.published < b.published ? -1 : 1));
  expect(parameters.reduce((sum, { name }) => sum + (network.variables.get(name)?.values.length ?? 0), 0)).toBe(
    golden.parameters,
  );
  const expected = floats(golden.gradients);
  let largest = 0;
  tf.tidy(() => {
    const x = imageOf(golden.draw, height, width, layout);
    const fixed = lookupOf(network);
    const { value, grads } = tf.valueAndGrads((...values: Tensor[]) => {
      const present = new Map(parameters.map(({ name }, at) => [name, values[at] as Tensor]));
      const { last, scores } = bothOf(network, x, (name) => present.get(name) ?? fixed(name), logits !== null);
      const pooled = globalPool(last);
      const sum = tf.sum(tf.mul(pooled, formula('features', pooled)));
      return (scores === undefined ? sum : tf.add(sum, tf.sum(tf.mul(scores, formula('logits', scores))))) as never;
    })(parameters.map(({ name }) => fixed(name)));
    expect(relative((value as Tensor).dataSync()[0] as number, golden.loss)).toBeLessThan(FORWARD * 10);
    const wrong = parameters.flatMap(({ name, published }, at) => {
      const gradient = (grads[at] as Tensor).dataSync() as Float32Array;
      const factor = factors.get(name)?.values as Float32Array;
      const [norm, product] = [expected[2 * at] as number, expected[2 * at + 1] as number];
      const found = gradient.reduce((sum, one) => sum + one ** 2, 0) ** 0.5;
      const along = gradient.reduce((sum, one, i) => sum + one * (factor[i] as number), 0);
      const off = Math.max(Math.abs(found - norm), Math.abs(along - product)) / norm;
      largest = Math.max(largest, off);
      return off < GRADIENT ? [] : [`${published}: ${off.toExponential(1)} of the norm ${norm}`];
    });
    expect(wrong).toEqual([]);
  });
  return largest;
}

/** The variables as tensors, made when they are first asked for in a scope. */
export function lookupOf(network: Network): (name: string) => Tensor {
  const tensors = new Map<string, Tensor>();
  return (name) => {
    const known = tensors.get(name);
    if (known !== undefined && !known.isDisposed) return known;
    const { values, shape } = network.variables.get(name) as { values: Float32Array; shape: readonly number[] };
    const made = tf.tensor(values, [...shape]);
    tensors.set(name, made);
    return made;
  };
}

/** The last feature map, and the logits where the classifier is wanted. */
function bothOf(
  network: Network,
  x: Tensor4D,
  lookup: (name: string) => Tensor,
  head: boolean,
): { last: Tensor; scores?: Tensor } {
  const output = network.layers.findLast(({ stage }) => stage !== 'head')?.name as string;
  if (!head) return { last: run({ ...network, output }, x, lookup).output };
  let last: Tensor | undefined;
  const { output: scores } = run(network, x, lookup, {
    onOutput: (layer, value) => {
      if (layer.name === output) last = value;
    },
  });
  return { last: last as Tensor, scores };
}

/** A normalised image of the formula; blue first where the weights want it so, which the reader has turned round. */
export function imageOf(draw: number, height: number, width: number, layout: Pick<Layout, 'bgr'> = {}): Tensor4D {
  const values = Float32Array.from(u(`image ${draw}`, height * width * 3), (value) => value * 4);
  const x = tf.tensor4d(values, [1, height, width, 3]);
  return layout.bgr === true ? tf.reverse(x, 3) : x;
}

/** The formula's numbers in the shape of a tensor: what its own are weighed by. */
export function formula(name: string, like: Tensor): Tensor {
  return tf.tensor(Float32Array.from(u(name, like.size)), like.shape);
}

function compareOutline(tensor: Tensor, expected: Outline, name: string, what: string): number {
  const found = tensor.dataSync() as Float32Array;
  expect(found.length, what).toBe(expected.size);
  const numbers = u(name, found.length);
  const norm = found.reduce((sum, one) => sum + one ** 2, 0) ** 0.5;
  const product = found.reduce((sum, one, i) => sum + one * (numbers[i] as number), 0);
  const step = Math.max(1, Math.floor(found.length / 16));
  const largest = found.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  const off = new Map([
    ['norm', Math.abs(norm - expected.norm) / expected.norm],
    ['product', Math.abs(product - expected.product) / expected.norm],
    ...[...floats(expected.values)].map((value, at): [string, number] => [
      `value ${at}`,
      Math.abs((found[at * step] as number) - value) / largest,
    ]),
  ]);
  for (const [part, one] of off) expect(one, `${what}: ${part}`).toBeLessThan(FORWARD);
  return Math.max(...off.values());
}

function relative(a: number, b: number): number {
  return Math.abs(a - b) / Math.abs(b);
}

/** Numbers that the generator packed. */
export function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
