import { describe, expect, it } from 'vitest';
import { run } from '../../src/network/forward.js';
import type { ActivationName, Layer, Network, Padding, Variable, VariableRole } from '../../src/network/network.js';
import { createProgram, type Engine, type ProgramFunction } from '../../src/runtime/program.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { u } from '../train/formula.js';

type Kind = Layer['kind'];
/** What a case adds to `{ name: 'it', stage: 'all', inputs: ['in'] }`. */
type Part = { readonly kind: Kind } & Record<string, unknown>;

const CHANNELS = 4;
const SHAPES: Record<string, readonly number[]> = {
  'it/kernel': [3, 3, CHANNELS, 5],
  'it/bias': [5],
  'it/channels': [CHANNELS],
  'it/depthwise': [3, 3, CHANNELS, 2],
  'it/scale': [1, 1, CHANNELS, 1],
  'it/dense': [CHANNELS * 81, 3],
  'it/dense-bias': [3],
  ...Object.fromEntries(['gamma', 'beta', 'mean', 'variance'].map((role) => [`it/${role}`, [CHANNELS]])),
};
const paddings: readonly Padding[] = ['same', 'valid', [1, 1, 1, 1], [0, 1, 2, 0]];
const window = { strides: [2, 2], dilations: [1, 1] };
const dilated = { strides: [1, 1], dilations: [2, 2], padding: 'same' };
const normal = { kind: 'batch-norm' as const, mean: 'it/mean', variance: 'it/variance', epsilon: 1e-3, momentum: 0.9 };
// Complete by their types: a new kind or activation without a case does not compile.
const activations: Record<ActivationName, true> = {
  linear: true,
  relu: true,
  relu6: true,
  sigmoid: true,
  tanh: true,
  swish: true,
  softmax: true,
  gelu: true,
  'gelu-tanh': true,
  'hard-sigmoid': true,
  'hard-swish': true,
  elu: true,
  selu: true,
  softplus: true,
  mish: true,
  'leaky-relu': true,
};
const kinds: Record<Kind, readonly Part[]> = {
  input: [{ kind: 'input', inputs: [] }],
  conv: [...paddings.map((padding) => ({ ...window, padding })), dilated].map((rest) => ({
    kind: 'conv',
    kernel: 'it/kernel',
    bias: 'it/bias',
    ...rest,
  })),
  'depthwise-conv': [
    ...paddings.map((padding) => ({ kernel: 'it/depthwise', ...window, padding })),
    { kernel: 'it/depthwise', ...dilated },
    { kernel: 'it/scale', ...window, strides: [1, 1], padding: 'same' },
  ].map((rest) => ({ kind: 'depthwise-conv', ...rest })),
  dense: [{ kind: 'dense', inputs: ['flat'], kernel: 'it/dense', bias: 'it/dense-bias' }],
  'batch-norm': [normal, { ...normal, gamma: 'it/gamma', beta: 'it/beta' }, { ...normal, gamma: 'it/gamma', trained: true }],
  activation: (Object.keys(activations) as ActivationName[]).map((activation) => ({
    kind: 'activation',
    activation,
    ...(activation === 'leaky-relu' ? { slope: 0.3 } : {}),
  })),
  'max-pool': paddings.flatMap((padding) =>
    [{}, { ceil: true }].map((more) => ({ kind: 'max-pool' as const, size: [2, 3], strides: [2, 2], padding, ...more })),
  ),
  'average-pool': paddings.flatMap((padding) =>
    [{}, { ceil: true }, { countsPadding: true }, { ceil: true, countsPadding: true }].map((more) => ({
      kind: 'average-pool' as const,
      size: [3, 3],
      strides: [2, 2],
      padding,
      ...more,
    })),
  ),
  'global-average-pool': [true, false].map((keepDims) => ({ kind: 'global-average-pool', keepDims })),
  add: [{ kind: 'add', inputs: ['in', 'in', 'in'] }],
  concat: [{ kind: 'concat', inputs: ['in', 'pooled map', 'in'] }],
  multiply: [
    { kind: 'multiply', inputs: ['in', 'factors'] },
    { kind: 'multiply', inputs: ['in', 'in'] },
  ],
  'layer-norm': [
    { kind: 'layer-norm', epsilon: 1e-6 },
    { kind: 'layer-norm', epsilon: 1e-6, gamma: 'it/gamma', beta: 'it/beta' },
  ],
  'zero-pad': [{ kind: 'zero-pad', padding: [1, 2, 0, 3] }],
  flatten: [{ kind: 'flatten' }],
};

function networkOf(part: Part): Network {
  const base = { stage: 'all', inputs: ['in'] };
  const variables = Object.entries(SHAPES).map(([name, shape]): [string, Variable] => {
    const size = shape.reduce((product, length) => product * length, 1);
    const shift = name.endsWith('variance') ? 1 : 0;
    const values = Float32Array.from(u(name, size), (value) => value + shift);
    return [name, { name, layer: 'it', role: (name.split('/')[1] ?? '') as VariableRole, shape, values }];
  });
  return {
    name: part.kind,
    layers: [
      { ...base, name: 'in', kind: 'input', inputs: [] },
      { ...base, name: 'flat', kind: 'flatten' },
      { ...base, name: 'factors', kind: 'global-average-pool', keepDims: true },
      { ...base, name: 'pooled map', kind: 'max-pool', size: [3, 3], strides: [1, 1], padding: 'same' },
      { ...base, ...part, name: 'it' } as unknown as Layer,
    ],
    variables: new Map(variables),
    output: 'it',
    features: CHANNELS,
    stages: ['all'],
    side: 9,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
}

/** Output, new statistics, and the gradients by the images and by every variable of a sum in which every number counts differently. */
function slopes(network: Network, part: Part): ProgramFunction {
  return {
    signature: { inputs: { images: { shape: [3, 9, 9, CHANNELS], dtype: 'float32' } } },
    fn: (inputs, state) => {
      const names = Object.keys(SHAPES);
      const kept: Record<string, Tensor> = {};
      const { grads } = tf.valueAndGrads((images, ...values) => {
        const present = new Map(names.map((name, at) => [name, values[at] as Tensor]));
        const { output, statistics } = run(network, images as Tensor4D, (name) => present.get(name) as Tensor, {
          trainStatistics: () => part.trained === true,
        });
        Object.assign(kept, { output: tf.keep(output.clone()) }, statistics);
        for (const tensor of Object.values(statistics)) tf.keep(tensor);
        const weight = tf.reshape(tf.tensor1d(Float32Array.from(u('weight', output.size))), output.shape);
        // The rest takes what a layer leaves out, so that every variable has a gradient.
        const rest = [images, ...values].reduce((sum, one) => tf.add(sum, tf.sum(tf.square(one))), tf.scalar(0) as Tensor);
        return tf.add(tf.sum(tf.mul(output, weight)), tf.mul(rest, 1e-3)) as never;
      })([inputs.images as Tensor, ...names.map((name) => state[name] as Tensor)]);
      return { outputs: { ...kept, ...Object.fromEntries(grads.map((grad, at) => [`by ${['images', ...names][at]}`, grad])) } };
    },
  };
}

const cases = Object.values(kinds).flatMap((parts) => parts.map((part) => ({ name: JSON.stringify(part), part })));

describe('traced into a graph, every layer gives the map and the gradients of eager execution', () => {
  const networks = cases.map(({ part }) => networkOf(part));
  const functions = Object.fromEntries(cases.map(({ part }, at) => [`layer${at}`, slopes(networks[at] as Network, part)]));
  const state = Object.fromEntries(
    [...(networks[0] as Network).variables].map(([name, { shape, values }]) => [
      name,
      { shape, dtype: 'float32' as const, values },
    ]),
  );
  const programs = (['traced', 'eager'] as Engine[]).map((engine) => createProgram(engine, state, functions));
  const images = Float32Array.from(u('images', 3 * 81 * CHANNELS), (value) => 6 * value);

  it.each(cases.map(({ name }, at) => [name, at] as const))('%s', (_, at) => {
    const [traced, eager] = programs.map((program) => program.run(`layer${at}`, { images }));
    expect(Object.keys(traced!)).toEqual(Object.keys(eager!));
    for (const [key, expected] of Object.entries(eager!)) {
      const found = traced![key]!;
      const scale = Math.max(1e-3, ...Array.from(expected, Math.abs));
      expect(found.length).toBe(expected.length);
      expected.forEach((value, i) => expect(Math.abs(value - found[i]!) / scale, `${key} at ${i}`).toBeLessThan(2e-6));
    }
  });
});
