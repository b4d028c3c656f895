import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { Network } from '../../src/network/network.js';
import { readTfjsGraph } from '../../src/weights/tensorflow/tfjs-graph.js';
import { temporaryFolder } from './temporary.js';
import { numbers, outputOf, relativeDifference } from './tfjs-folder.js';

const SIDE = 5;
const [C, D] = [4, 6];
const options = { name: 'small', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } as const;
const stem = numbers(3 * C, 1);
const image = numbers(2 * SIDE * SIDE * 3, 2);

interface Node {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, unknown>;
}
interface Weight {
  shape: number[];
  values: ArrayLike<number>;
  dtype?: 'int32';
}
const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const constant = (name: string): Node => ({ name, op: 'Const' });
const convolution = (name: string, input: string[]): Node => ({
  name,
  op: 'Conv2D',
  input,
  attr: { strides: { list: { i: ['1', '1', '1', '1'] } }, padding: text('SAME'), data_format: text('NHWC') },
});
const call = (name: string, input: string[], of: string): Node => ({
  name,
  op: 'StatefulPartitionedCall',
  input,
  attr: { f: { func: { name: of } } },
});
const library = (name: string, inputs: string[], output: string, nodeDef: Node[]) => ({
  signature: { name, inputArg: inputs.map((one) => ({ name: one })), outputArg: [{ name: 'identity' }] },
  nodeDef,
  ret: { identity: output },
});

/** A graph model whose images go through a 1 × 1 convolution to C channels, `stem`, first. */
async function modelOf(
  { node, functions = [] }: { node: Node[]; functions?: unknown[] },
  weights: Record<string, Weight>,
): Promise<Network> {
  const folder = await temporaryFolder();
  const shape = { shape: { shape: { dim: ['-1', SIDE, SIDE, 3].map((size) => ({ size })) } } };
  const all: Record<string, Weight> = { 'stem/kernel': { shape: [1, 1, 3, C], values: stem }, ...weights };
  const entries = Object.entries(all).map(([name, { shape: of, dtype = 'float32' }]) => ({ name, shape: of, dtype }));
  const bytes = Object.values(all).map(({ values, dtype }) =>
    Buffer.from((dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)).buffer),
  );
  await writeFile(join(folder, 'weights'), Buffer.concat(bytes));
  const graph = [
    { name: 'images', op: 'Placeholder', attr: shape },
    constant('stem/kernel'),
    convolution('stem', ['images', 'stem/kernel']),
    ...Object.keys(weights)
      .filter((name) => !name.startsWith('inside/'))
      .map(constant),
    ...node,
  ];
  const json = {
    format: 'graph-model',
    modelTopology: { node: graph, library: { function: functions } },
    signature: { outputs: { map: { name: `${node.at(-1)?.name}:0` } } },
    weightsManifest: [{ paths: ['weights'], weights: entries }],
  };
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  return readTfjsGraph(folder, options);
}

/** Σ over colours, at each place. */
const stemAt = (place: number, channel: number): number =>
  [0, 1, 2].reduce((sum, colour) => sum + image[place * 3 + colour]! * stem[colour * C + channel]!, 0);

describe('a tfjs graph model that calls functions of its library', () => {
  const kernel = numbers(3 * 3 * C * 2, 3);
  const bias = numbers(C * 2, 4);
  const weights = {
    kernel: { shape: [3, 3, 1, C * 2], values: kernel },
    // The converter gives a constant inside a function the name of the function.
    'inside/bias': { shape: [C * 2], values: bias },
  };
  const outside = library('outside', ['k', 'x'], 'biased:output:0', [
    { name: 'k/read', op: 'Identity', input: ['k'] },
    convolution('convolution', ['x', 'k/read:output:0']),
    call('biased', ['convolution:output:0'], 'inside'),
    { name: 'NoOp', op: 'NoOp', input: ['^k/read'] },
  ]);
  const inside = library('inside', ['y'], 'sum:output:0', [
    constant('inside/bias'),
    { name: 'sum', op: 'BiasAdd', input: ['y', 'inside/bias:output:0'] },
  ]);
  const node = [call('block/StatefulPartitionedCall', ['kernel', 'stem'], 'outside')];

  it('has them written out, one inside another, with constants of their own; a channel to a group is a depthwise convolution', async () => {
    const network = await modelOf({ node, functions: [outside, inside] }, weights);
    expect(network.layers.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'input images',
      'conv stem',
      'depthwise-conv block',
    ]);
    const expected: number[] = [];
    for (let n = 0; n < 2; n++)
      for (let row = 0; row < SIDE; row++)
        for (let column = 0; column < SIDE; column++)
          for (let made = 0; made < C * 2; made++) {
            let sum = bias[made]!;
            for (let i = 0; i < 3; i++)
              for (let j = 0; j < 3; j++) {
                const [y, x] = [row + i - 1, column + j - 1];
                if (y < 0 || x < 0 || y >= SIDE || x >= SIDE) continue;
                sum += stemAt((n * SIDE + y) * SIDE + x, Math.floor(made / 2)) * kernel[(i * 3 + j) * C * 2 + made]!;
              }
            expected.push(sum);
          }
    const found = outputOf(network, [2, SIDE, SIDE, 3], image);
    expect(found.shape).toEqual([2, SIDE, SIDE, C * 2]);
    expect(relativeDifference(found.values, expected)).toBeLessThan(1e-5);
  });

  it.each<[string, unknown[], RegExp]>([
    ['that it lacks', [outside], /calls 'inside', which is not in the file/],
    [
      'that call themselves',
      [outside, library('inside', ['y'], 'again:output:0', [call('again', ['y'], 'outside')])],
      /the function 'outside' calls itself/,
    ],
  ])('is refused with functions %s', async (_what, functions, message) => {
    const found = await modelOf({ node, functions }, weights).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(UserError);
    expect((found as Error).message).toMatch(message);
  });
});

describe('a matrix at each place of a map, by computed shapes', () => {
  const matrix = numbers(C * D, 5);
  const bias = numbers(D, 6);
  const whole = (...values: number[]) => ({ shape: [values.length], values, dtype: 'int32' as const });
  const one = (value: number) => ({ shape: [], values: [value], dtype: 'int32' as const });
  /** What `tf.tensordot` writes: the free axes first, then the one that is summed over. */
  const tensordot = (free: number[], axis: number) =>
    modelOf(
      {
        node: [
          { name: 'dense/shape', op: 'Shape', input: ['stem'] },
          { name: 'dense/permutation', op: 'ConcatV2', input: ['free', 'axes', 'zero'] },
          { name: 'dense/transpose', op: 'Transpose', input: ['stem', 'dense/permutation'] },
          { name: 'dense/kept', op: 'GatherV2', input: ['dense/shape', 'free', 'zero'] },
          { name: 'dense/summed', op: 'GatherV2', input: ['dense/shape', 'axes', 'zero'] },
          { name: 'dense/places', op: 'Prod', input: ['dense/kept', 'first'] },
          { name: 'dense/channels', op: 'Prod', input: ['dense/summed', 'first'] },
          { name: 'dense/stack', op: 'Pack', input: ['dense/places', 'dense/channels'] },
          { name: 'dense/rows', op: 'Reshape', input: ['dense/transpose', 'dense/stack'] },
          { name: 'dense/MatMul', op: 'MatMul', input: ['dense/rows', 'matrix'] },
          { name: 'dense/back', op: 'ConcatV2', input: ['dense/kept', 'made', 'zero'] },
          { name: 'dense/Tensordot', op: 'Reshape', input: ['dense/MatMul', 'dense/back'] },
          { name: 'dense/BiasAdd', op: 'BiasAdd', input: ['dense/Tensordot', 'bias'] },
        ],
      },
      {
        matrix: { shape: [axis === 3 ? C : SIDE, D], values: axis === 3 ? matrix : numbers(SIDE * D) },
        bias: { shape: [D], values: bias },
        free: whole(...free),
        axes: whole(axis),
        first: whole(0),
        made: whole(D),
        zero: one(0),
      },
    );

  it('is a convolution by 1 × 1', async () => {
    const network = await tensordot([0, 1, 2], 3);
    expect(network.layers.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['input images', 'conv stem', 'conv dense']);
    expect(network.variables.get('dense/kernel')?.shape).toEqual([1, 1, C, D]);
    const expected = Array.from({ length: 2 * SIDE * SIDE * D }, (_, at) => {
      const [place, made] = [Math.floor(at / D), at % D];
      const sum = [0, 1, 2, 3].reduce((total, channel) => total + stemAt(place, channel) * matrix[channel * D + made]!, 0);
      return sum + bias[made]!;
    });
    const found = outputOf(network, [2, SIDE, SIDE, 3], image);
    expect(found.shape).toEqual([2, SIDE, SIDE, D]);
    expect(relativeDifference(found.values, expected)).toBeLessThan(1e-5);
  });

  it('is refused over another axis than the channels', async () => {
    const found = await tensordot([0, 1, 3], 2).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(UserError);
    expect((found as Error).message).toMatch(/Transpose 'dense\/transpose' is an operation that ft does not read here/);
  });

  const written = [
    { name: 'rows', op: 'Reshape', input: ['stem', 'before'] },
    { name: 'product', op: 'MatMul', input: ['rows', 'matrix'] },
    { name: 'map', op: 'Reshape', input: ['product', 'behind'] },
  ];

  it.each<[string, number[], number[], RegExp]>([
    ['the rows are not its places', [-1, 2 * C], [2, SIDE, SIDE, D], /lays a map out as \[\?, 8\] for 'product'/],
    ['the rows are put back as other places', [-1, C], [-1, SIDE * SIDE, 1, D], /makes the rows of 'product' \[\?, 25, 1, 6\]/],
  ])('is refused where %s', async (_what, before, behind, message) => {
    const rows = before[1]!;
    const found = await modelOf(
      { node: written },
      { matrix: { shape: [rows, D], values: numbers(rows * D) }, before: whole(...before), behind: whole(...behind) },
    ).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(UserError);
    expect((found as Error).message).toMatch(message);
  });

  it('is no flattening: what becomes a map again is not where the features end', async () => {
    const node = [
      ...written,
      { name: 'relu', op: 'Relu', input: ['map'] },
      { name: 'flat', op: 'Reshape', input: ['relu', 'features'] },
    ];
    const network = await modelOf(
      { node },
      {
        matrix: { shape: [C, D], values: matrix },
        before: whole(-1, C),
        behind: whole(-1, SIDE, SIDE, D),
        features: whole(-1, SIDE * SIDE * D),
      },
    );
    expect(network.layers.map(({ kind }) => kind)).toEqual(['input', 'conv', 'conv', 'activation']);
    const expected = Array.from({ length: 2 * SIDE * SIDE * D }, (_, at) =>
      Math.max(
        0,
        [0, 1, 2, 3].reduce((sum, channel) => sum + stemAt(Math.floor(at / D), channel) * matrix[channel * D + (at % D)]!, 0),
      ),
    );
    expect(relativeDifference(outputOf(network, [2, SIDE, SIDE, 3], image).values, expected)).toBeLessThan(1e-5);
  });
});
