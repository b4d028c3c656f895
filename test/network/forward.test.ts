import { describe, expect, it } from 'vitest';
import { deferredActivations } from '../../src/network/defer.js';
import { foldedBatchNorms } from '../../src/network/fold.js';
import { forward, normalise } from '../../src/network/forward.js';
import type { ActivationName, Layer, Network, PoolLayer } from '../../src/network/network.js';
import { pool } from '../../src/network/pool.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { formulaNetwork } from '../train/formula.js';

const network = (layers: Layer[], output: string): Network => ({
  name: 'made',
  layers,
  output,
  variables: new Map(),
  features: 2,
  stages: ['conv1'],
  side: 8,
  preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
});
const base = { stage: 'conv1' };
const none = () => {
  throw new Error('no variables');
};
const images = (side: number, seed = 3) => tf.randomNormal([2, side, side, 2], 0, 2, 'float32', seed) as Tensor4D;

describe('pooling', () => {
  /** Place by place: the maximum or the mean over the real places of each window. */
  const byHand = (
    x: number[][][][],
    kind: PoolLayer['kind'],
    [top, bottom, left, right]: readonly number[],
    size: number,
    stride: number,
  ): number[] => {
    const [height, width] = [x[0]!.length, x[0]![0]!.length];
    const result: number[] = [];
    for (const image of x)
      for (let r = -top!; r + size <= height + bottom!; r += stride)
        for (let c = -left!; c + size <= width + right!; c += stride)
          for (let channel = 0; channel < 2; channel++) {
            const seen: number[] = [];
            for (let i = r; i < r + size; i++)
              for (let j = c; j < c + size; j++) if (image[i]?.[j] !== undefined) seen.push(image[i]![j]![channel]!);
            result.push(kind === 'max-pool' ? Math.max(...seen) : seen.reduce((a, b) => a + b, 0) / seen.length);
          }
    return result;
  };

  it.each([
    ['max-pool', [0, 1, 0, 1]],
    ['max-pool', [1, 1, 1, 1]],
    ['max-pool', [0, 0, 0, 0]],
    ['max-pool', [2, 0, 1, 2]],
    ['average-pool', [0, 1, 0, 1]],
    ['average-pool', [1, 1, 1, 1]],
    ['average-pool', [2, 0, 1, 2]],
  ] as const)('%s with padding %j takes the real places of each window, at even and odd sizes', (kind, padding) => {
    for (const side of [8, 9]) {
      const x = images(side);
      const y = pool({ ...base, name: 'p', kind, inputs: ['x'], size: [3, 3], strides: [2, 2], padding }, x);
      const expected = byHand(x.arraySync(), kind, padding, 3, 2);
      expect(y.size).toBe(expected.length);
      y.dataSync().forEach((value, at) => expect(value).toBeCloseTo(expected[at] as number, 5));
    }
  });
});

describe('an activation before a max-pool', () => {
  const layers = (activation: ActivationName): Layer[] => [
    { ...base, name: 'in', kind: 'input', inputs: [] },
    { ...base, name: 'act', kind: 'activation', activation, inputs: ['in'] },
    { ...base, name: 'pool', kind: 'max-pool', inputs: ['act'], size: [3, 3], strides: [2, 2], padding: [0, 1, 0, 1] },
  ];

  it.each(['relu', 'relu6', 'sigmoid', 'tanh'] as const)(
    '%s moves behind it: the same values and gradients to the last bit',
    (activation) => {
      const made = network(layers(activation), 'pool');
      expect([...deferredActivations(made).keys()]).toEqual(['pool']);
      const apply = (x: Tensor) =>
        activation === 'relu'
          ? tf.relu(x)
          : activation === 'relu6'
            ? tf.relu6(x)
            : activation === 'sigmoid'
              ? tf.sigmoid(x)
              : tf.tanh(x);
      const plain = (x: Tensor) => pool(made.layers[2] as PoolLayer, apply(x) as Tensor4D);
      for (const side of [8, 9]) {
        const x = images(side);
        const weight = tf.randomNormal(plain(x).shape, 0, 1, 'float32', 4);
        expect(forward(made, x, none).arraySync()).toEqual(plain(x).arraySync());
        const slope = (f: (x: Tensor) => Tensor) => tf.grad((z) => tf.sum(tf.mul(f(z), weight)))(x);
        const apart = tf
          .max(
            tf.abs(
              tf.sub(
                slope((z) => forward(made, z as Tensor4D, none)),
                slope(plain),
              ),
            ),
          )
          .dataSync()[0];
        if (activation === 'relu' || activation === 'relu6') expect(apart).toBe(0);
        else expect(apart).toBeLessThan(1e-6);
      }
    },
  );

  it('stays where it is when it does not rise, when something else takes its output, or when it is the output', () => {
    expect(deferredActivations(network(layers('swish'), 'pool')).size).toBe(0);
    expect(deferredActivations(network(layers('relu'), 'act')).size).toBe(0);
    const twice: Layer[] = [...layers('relu'), { ...base, name: 'sum', kind: 'add', inputs: ['act', 'act'] }];
    expect(deferredActivations(network(twice, 'sum')).size).toBe(0);
  });
});

describe('a BatchNorm with frozen statistics', () => {
  it('is folded into the convolution before it: the same map, and the same gradients of kernel, γ and β', () => {
    const made = formulaNetwork();
    const folds = [...foldedBatchNorms(made, () => false)].map(([conv, norm]) => `${conv} ${norm.name}`);
    expect(folds).toEqual(['conv2_a conv2_a_bn', 'conv3_dw conv3_dw_bn']);
    expect(foldedBatchNorms(made, () => true).size).toBe(0);
    const names = ['conv2_a/kernel', 'conv2_a_bn/gamma', 'conv2_a_bn/beta', 'conv3_dw/kernel', 'conv3_dw_bn/gamma'];
    const values = new Map([...made.variables].map(([name, one]) => [name, tf.tensor(one.values, [...one.shape])]));
    const bytes = tf.randomUniform([2, 16, 16, 3], 0, 255, 'int32', 1);
    const x = normalise(tf.cast(bytes, 'float32') as Tensor4D, made.preprocessing);
    // An identity between convolution and BatchNorm keeps them apart: then the BatchNorm is computed as it is written.
    const separate = (layer: Layer): Layer[] => {
      if (layer.kind !== 'batch-norm') return [layer];
      const name = `${layer.name}_in`;
      return [
        { ...base, name, kind: 'activation', activation: 'linear', inputs: layer.inputs },
        { ...layer, inputs: [name] },
      ];
    };
    const apart = { ...made, layers: made.layers.flatMap(separate) };
    expect(foldedBatchNorms(apart, () => false).size).toBe(0);
    const slopes = (one: Network) =>
      tf.valueAndGrads((...tensors) => {
        const lookup = (name: string) => (tensors[names.indexOf(name)] ?? values.get(name)) as Tensor;
        return tf.sum(tf.square(forward(one, x, lookup)));
      })(names.map((name) => values.get(name) as Tensor));
    const [folded, written] = [slopes(made), slopes(apart)];
    const close = (a: Tensor, b: Tensor) => {
      const scale = tf.max(tf.abs(b)).dataSync()[0] as number;
      expect(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]).toBeLessThan(1e-5 * scale);
    };
    close(folded.value, written.value);
    for (const [at, gradient] of folded.grads.entries()) close(gradient, written.grads[at] as Tensor);
  });
});

describe('normalisation', () => {
  it.each([[[58, 58, 58]], [[50, 60, 70]]] as const)('is (pixels − mean) / std, channel by channel, for std %j', (std) => {
    const pixels = tf.cast(tf.randomUniform([2, 5, 7, 3], 0, 256, 'int32', 2), 'float32') as Tensor4D;
    const mean = [123, 117, 104] as const;
    const expected = [...pixels.dataSync()].map((value, at) => (value - (mean[at % 3] as number)) / (std[at % 3] as number));
    const normalised = normalise(pixels, { mean, std }).dataSync();
    for (const [at, value] of normalised.entries()) expect(value).toBeCloseTo(expected[at] as number, 5);
  });
});
