/** What the table of docs/backbones.md asks of a network, beside features and gradients (reference.ts) and training (short-training.ts). */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { LoadedSavedModel, writeSavedModel } from '../../src/export/savedmodel.js';
import { forward, globalPool, normalise, run } from '../../src/network/forward.js';
import { type Network, variablesOf } from '../../src/network/network.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { u } from '../train/formula.js';
import { relativeDifference } from '../weights/tfjs-folder.js';
import { formula, imageOf, lookupOf, readGolden } from './reference.js';
import { variantAndLayout } from './rows.js';

/** Side of the images that are trained on and exported: the smallest that Inception takes, in eights. */
const SIDE = 80;

/** The layers that lie below one, itself included. */
function below({ layers }: Network, end: string): Set<string> {
  const inputs = new Map(layers.map((layer) => [layer.name, layer.inputs]));
  const found = new Set<string>();
  const left = [end];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    left.push(...(inputs.get(name) ?? []));
  }
  return found;
}

/**
 * `freeze: { until }` at each stage, at `none` and at `all`: frozen are the variables of the layers that the last one of the stage stands on,
 * and no others. The paths of the graph say so, and know nothing of stages or of the order of the list. Gives the number of stages.
 */
export function freezesEachStage(network: Network): number {
  for (const [until, under] of stagesOf(network))
    expect(frozenBy(network, until), `until ${until}`).toEqual(variablesIn(network, under));
  return network.stages.length;
}

/**
 * The same where stages go by resolution, as those of a graph do: Inception halves its map in one branch while another has yet to begin, so
 * that the last layer of a stage does not stand on all of it, and layers of the next stage stand before it. They are frozen with it, and
 * what is frozen takes nothing that is not. Gives the number of stages, and of the next one's layers with variables that freeze so.
 */
export function freezesEachResolution(network: Network): { stages: number; early: number } {
  let early = 0;
  for (const [until, under] of stagesOf(network)) {
    const frozen = new Set(frozenBy(network, until));
    expect([...frozen], `until ${until}`).toEqual(expect.arrayContaining(variablesIn(network, under)));
    const more = network.layers.filter((layer) => !under.has(layer.name) && variablesOf(layer).some((name) => frozen.has(name)));
    const at = network.stages.indexOf(until);
    const next = network.stages[at + 1];
    const whole = new Set(network.layers.filter(({ stage }) => network.stages.indexOf(stage) <= at).map(({ name }) => name));
    expect([...frozen], `until ${until}`).toEqual(expect.arrayContaining(variablesIn(network, whole)));
    for (const layer of more) {
      expect([until, next], `${layer.name}, until ${until}`).toContain(layer.stage);
      const needed = variablesIn(network, below(network, layer.name));
      expect([...frozen], `below ${layer.name}`).toEqual(expect.arrayContaining(needed));
    }
    early += more.filter(({ kind, stage }) => stage === next && kind !== 'batch-norm').length;
  }
  return { stages: network.stages.length, early };
}

/** `none`, each stage and `all`, with the layers that the last one of it stands on. */
function stagesOf(network: Network): (readonly [until: string, under: ReadonlySet<string>])[] {
  const last = network.layers.filter(({ stage }) => network.stages.includes(stage)).at(-1)?.name ?? '';
  const ends = network.stages.map(
    (stage) => [stage, network.layers.findLast((layer) => layer.stage === stage)?.name ?? ''] as const,
  );
  return [['none', new Set()], ...[...ends, ['all', last] as const].map(([until, end]) => [until, below(network, end)] as const)];
}

function variablesIn({ layers }: Network, under: ReadonlySet<string>): string[] {
  return layers
    .filter(({ name }) => under.has(name))
    .flatMap((layer) => [...variablesOf(layer)])
    .sort();
}

/** Names of the variables that `until` freezes, sorted; statistics of layers that are not frozen are left free here. */
function frozenBy(network: Network, until: string): string[] {
  const rates = { rate: 1e-3, newLayers: 1, decay: 1, multipliers: [], optimizer: { weightDecay: 0 } };
  const options = { ...rates, freeze: { until }, batchNorm: 'train' as const };
  const { variables } = planPhase(network, denseHead(network.features, 2), 'classification', options, SIDE);
  return variables.flatMap(({ name, frozen }) => (frozen ? [name] : [])).sort();
}

/** Written as a SavedModel and loaded again: the same features, of unit length. Gives the largest difference, relative to the largest number. */
export async function givesTheSameExported(network: Network, folder: string): Promise<number> {
  const pixels = Uint8Array.from(u('pixels', 2 * SIDE * SIDE * 3), (value) => (value + 0.5) * 256);
  const unit = tf.tidy(() => {
    const images = tf.tensor4d(Float32Array.from(pixels), [2, SIDE, SIDE, 3]) as Tensor4D;
    const pooled = globalPool(forward(network, normalise(images, network.preprocessing), lookupOf(network)));
    return tf.div(pooled, tf.norm(pooled, 2, 1, true));
  });
  const expected = unit.dataSync();
  unit.dispose();
  await writeSavedModel({ network, weights: {}, head: null, side: SIDE }, folder);
  const loaded = new LoadedSavedModel(folder);
  const found = loaded.run(pixels, [SIDE, SIDE]);
  loaded.close();
  const off = relativeDifference(found, expected);
  // BatchNorms are folded into the kernels once, which is another order of the same products.
  expect(off).toBeLessThan(1e-4);
  return off;
}

/** The same layers and the same numbers, bit by bit. */
export function expectSame(found: Network, expected: Network): void {
  const { variables: theirs, ...rest } = found;
  const { variables: ours, ...described } = expected;
  expect(rest).toEqual(described);
  expect([...theirs.keys()]).toEqual([...ours.keys()]);
  const other = [...ours].flatMap(([name, { values, ...shape }]) => {
    const { values: read, ...of } = theirs.get(name) as { values: Float32Array };
    expect(of).toEqual(shape);
    return Buffer.compare(bytesOf(read), bytesOf(values)) === 0 ? [] : [name];
  });
  expect(other).toEqual([]);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Images that are tried, beginning with the golden's. */
const DRAWS = 5;

/**
 * The gradients of a network that a graph describes, against those of the same weights read by name, whose own gradients are compared with the
 * publisher's: of the image, to which every layer passes something, and of each kernel that both have (those into which a writer folded
 * a BatchNorm are others). Both round, and where they come to different sides of a kink a gradient jumps by hundredths: then another image is
 * taken, and a wrong gradient is wrong with each. `rgb`: the graph takes the colours as ft does. Gives the largest difference in norms, and
 * how many kernels there were.
 */
export function compareWithNamed(
  key: string,
  found: Network,
  named: Network,
  rgb: boolean,
): { off: number; kernels: number; of: number } {
  const { draw, sizes } = readGolden(key);
  const { height, width } = sizes[0] as (typeof sizes)[number];
  const pairs = kernelsOfBoth(found, named);
  const bgr = variantAndLayout(key).layout.bgr === true;
  const [theirs, ours] = [0, 1].map((at) => pairs.map((pair) => pair[at] as string)) as [string[], string[]];
  const of = [...found.variables.values()].filter(({ role }) => role === 'kernel').length;
  let wrong: string[] = [];
  for (let at = 0; at < DRAWS; at++) {
    const x = imageOf(draw + at, height, width);
    const expected = gradients(named, x, ours, bgr);
    const given = gradients(found, x, theirs, bgr && rgb);
    x.dispose();
    const off = expected.map((one, part) => difference(given[part] as Float32Array, one));
    wrong = off.flatMap((one, part) => (one < 1e-3 ? [] : [`${theirs[part - 1] ?? 'the image'}: ${one.toExponential(1)}`]));
    if (wrong.length === 0) return { off: Math.max(...off), kernels: pairs.length, of };
  }
  throw new Error(`with none of ${DRAWS} images: ${wrong.join(', ')}`);
}

/** Names of kernels of the same shape and the same bytes. */
function kernelsOfBoth(found: Network, named: Network): [found: string, named: string][] {
  const id = ({ shape, values }: { shape: readonly number[]; values: Float32Array }) =>
    `${shape} ${createHash('sha1').update(bytesOf(values)).digest('hex')}`;
  const known = new Map([...named.variables.values()].filter(({ role }) => role === 'kernel').map((one) => [id(one), one.name]));
  return [...found.variables.values()].flatMap((one): [string, string][] => {
    const name = known.get(id(one));
    return name === undefined ? [] : [[one.name, name]];
  });
}

/** Of the pooled features, each times a number of the formula, with respect to the image and to variables. */
function gradients(network: Network, x: Tensor4D, names: readonly string[], bgr: boolean): Float32Array[] {
  // Not returned through tidy, which looks for tensors in each number of an array.
  let found: Float32Array[] = [];
  tf.tidy(() => {
    const fixed = lookupOf(network);
    const of = tf.grads((image: Tensor, ...values: Tensor[]) => {
      const given = new Map(names.map((name, at) => [name, values[at] as Tensor]));
      const turned = (bgr ? tf.reverse(image, 3) : image) as Tensor4D;
      const pooled = globalPool(run(network, turned, (name) => given.get(name) ?? fixed(name)).output);
      return tf.sum(tf.mul(pooled, formula('features', pooled)));
    });
    found = of([x, ...names.map((name) => fixed(name))]).map((one) => Float32Array.from(one.dataSync()));
  });
  return found;
}

function difference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const norm = (values: Float32Array) => values.reduce((sum, one) => sum + one ** 2, 0) ** 0.5;
  return norm(found.map((one, at) => one - (expected[at] as number))) / norm(expected);
}
