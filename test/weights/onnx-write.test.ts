import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/network/forward.js';
import type { ActivationName, Network, Padding, Variable } from '../../src/network/network.js';
import { tf } from '../../src/runtime/tensorflow.js';
import { readOnnx } from '../../src/weights/onnx/network.js';
import { toldPreprocessing } from '../../src/weights/onnx/told.js';
import { writeOnnx } from '../../src/weights/onnx/write.js';
import { referenceNetwork } from '../backbones/reference.js';
import { formulaImage, runOnnx } from './onnx-runtime.js';
import { network, type Sketch, unit } from './sketched-network.js';
import { outputOf, relativeDifference } from './tfjs-folder.js';

/** As a file that others wrote: it says nothing of its input. */
function withoutMetadata(bytes: Uint8Array): Uint8Array {
  const model = onnxProto.onnx.ModelProto.decode(bytes);
  model.metadataProps = [];
  return onnxProto.onnx.ModelProto.encode(model).finish();
}

/** onnxruntime's values of the written model are those of the network, and those of the network read back. */
async function compare(
  made: Network,
  sizes: readonly (readonly [number, number])[] = [
    [17, 22],
    [24, 19],
  ],
): Promise<Network> {
  const bytes = writeOnnx(made);
  const back = readOnnx(bytes, { where: 'made.onnx', name: 'made', output: made.output, preprocessing: made.preprocessing });
  for (const [height, width] of sizes) {
    const shape = [2, height, width, 3] as const;
    const x = Float32Array.from([...formulaImage(height, width), ...formulaImage(height, width, 'other')]);
    const own = outputOf(made, [...shape], x);
    const theirs = await runOnnx(bytes, x, shape);
    expect(theirs.shape).toEqual(own.shape);
    expect(relativeDifference(theirs.values, own.values), `onnxruntime at ${height} × ${width}`).toBeLessThan(1e-5);
    const again = outputOf(back, [...shape], x);
    expect(again.shape).toEqual(own.shape);
    expect(relativeDifference(again.values, own.values), `read back at ${height} × ${width}`).toBeLessThan(1e-5);
  }
  return back;
}

const conv = (name: string, kernel: number[], more: Record<string, unknown> = {}): Sketch => ({
  name,
  kind: 'conv',
  kernel,
  ...unit,
  ...more,
});

describe('a network written as ONNX gives the same values in onnxruntime, and read back', () => {
  it.each<[string, Padding, readonly [number, number], readonly [number, number]]>([
    ['SAME at stride 1', 'same', [1, 1], [1, 1]],
    ['SAME at stride 2', 'same', [2, 2], [1, 1]],
    ['SAME at uneven strides', 'same', [2, 3], [1, 1]],
    ['SAME with dilation', 'same', [1, 1], [2, 3]],
    ['VALID', 'valid', [2, 1], [1, 1]],
    ['VALID with dilation', 'valid', [1, 1], [1, 2]],
    ['other rows on each side', [0, 1, 2, 1], [2, 2], [1, 1]],
  ])('convolutions, plain and depthwise, with a bias and without: %s', async (_, padding, strides, dilations) => {
    const window = { padding, strides, dilations };
    await compare(
      network(
        [
          conv('a', [3, 2, 3, 4], { bias: [4] }),
          conv('b', [3, 4, 4, 5], window),
          { name: 'c', kind: 'depthwise-conv', kernel: [3, 2, 5, 1], ...window, strides: [strides[0], strides[0]] },
          { name: 'd', kind: 'depthwise-conv', kernel: [2, 2, 5, 3], bias: [15], ...unit },
        ],
        15,
      ),
      [
        [37, 42],
        [44, 39],
      ],
    );
  });

  it('a factor, and a factor and a shift, for each channel', async () => {
    const back = await compare(
      network(
        [
          conv('z', [1, 1, 3, 3], { bias: [3] }),
          { name: 'a', kind: 'depthwise-conv', kernel: [1, 1, 3, 1], ...unit },
          { name: 'b', kind: 'activation', activation: 'relu' },
          { name: 'c', kind: 'depthwise-conv', kernel: [1, 1, 3, 1], bias: [3], ...unit },
          conv('d', [1, 1, 3, 4]),
        ],
        4,
      ),
    );
    expect(back.layers.map(({ kind }) => kind).filter((kind) => kind === 'depthwise-conv').length).toBe(2);
  });

  it.each<ActivationName>([
    'linear',
    'relu',
    'relu6',
    'sigmoid',
    'tanh',
    'swish',
    'softmax',
    'gelu',
    'gelu-tanh',
    'hard-sigmoid',
    'hard-swish',
    'elu',
    'selu',
    'softplus',
    'mish',
    'leaky-relu',
  ])('%s, of maps and of vectors', async (activation) => {
    const slope = activation === 'leaky-relu' ? { slope: 0.3 } : {};
    const back = await compare(
      network(
        [
          conv('a', [1, 1, 3, 4], { bias: [4] }),
          { name: 'b', kind: 'activation', activation, ...slope },
          { name: 'c', kind: 'global-average-pool', keepDims: false },
          { name: 'd', kind: 'dense', kernel: [4, 6], bias: [6] },
          { name: 'e', kind: 'activation', activation, ...slope },
        ],
        6,
      ),
    );
    const found = back.layers.flatMap((layer) => (layer.kind === 'activation' ? [layer.activation] : []));
    expect(found).toEqual(activation === 'linear' ? [] : [activation, activation]);
  });

  const pools: readonly Record<string, unknown>[] = [
    { size: [3, 3], strides: [2, 2], padding: 'same' },
    { size: [2, 3], strides: [1, 1], padding: 'same' },
    { size: [3, 3], strides: [2, 2], padding: 'valid' },
    { size: [3, 3], strides: [2, 2], padding: [1, 1, 1, 1] },
    { size: [3, 2], strides: [2, 2], padding: [0, 1, 1, 0] },
    { size: [3, 3], strides: [2, 2], padding: 'valid', ceil: true },
    { size: [2, 2], strides: [2, 2], padding: [1, 1, 1, 1], ceil: true },
  ];
  it.each(pools)('a maximum and an average over %o', async (pool) => {
    for (const kind of ['max-pool', 'average-pool'] as const)
      await compare(network([conv('a', [1, 1, 3, 4]), { name: 'b', kind, ...pool }], 4));
  });

  it('an average that counts its padding, with and without rounding up', async () => {
    for (const ceil of [false, true])
      await compare(
        network(
          [
            conv('a', [1, 1, 3, 4]),
            { name: 'b', kind: 'average-pool', size: [3, 3], strides: [2, 2], padding: [1, 1, 1, 1], countsPadding: true, ceil },
          ],
          4,
        ),
      );
  });

  it('normalisations by batch and by layer, whole and in parts, of maps and of vectors', async () => {
    const back = await compare(
      network(
        [
          conv('a', [3, 3, 3, 6]),
          { name: 'b', kind: 'batch-norm', gamma: [6], beta: [6], mean: [6], variance: [6], epsilon: 1e-3, momentum: 0.99 },
          { name: 'c', kind: 'activation', activation: 'relu' },
          { name: 'd', kind: 'batch-norm', mean: [6], variance: [6], epsilon: 1e-2, momentum: 0.9 },
          { name: 'e', kind: 'layer-norm', gamma: [6], beta: [6], epsilon: 1e-6 },
          { name: 'f', kind: 'activation', activation: 'tanh' },
          { name: 'g', kind: 'layer-norm', epsilon: 1e-3 },
          { name: 'h', kind: 'activation', activation: 'sigmoid' },
          { name: 'i', kind: 'layer-norm', beta: [6], epsilon: 1e-3 },
          { name: 'j', kind: 'global-average-pool', keepDims: false },
          { name: 'k', kind: 'batch-norm', beta: [6], mean: [6], variance: [6], epsilon: 1e-3, momentum: 0.9 },
          { name: 'l', kind: 'layer-norm', gamma: [6], epsilon: 1e-5 },
          { name: 'm', kind: 'layer-norm', epsilon: 1e-5 },
        ],
        6,
      ),
    );
    const norms = back.layers.filter(({ kind }) => kind.endsWith('norm'));
    expect(norms.map(({ kind }) => kind)).toEqual(
      ['batch', 'batch', 'layer', 'layer', 'layer', 'batch', 'layer', 'layer'].map((kind) => `${kind}-norm`),
    );
    expect(norms[0]).toMatchObject({ epsilon: Math.fround(1e-3), momentum: Math.fround(0.99) });
  });

  it('sums, products and rows of maps, padding of its own, factors of squeeze-and-excitation', async () => {
    await compare(
      network(
        [
          conv('a', [3, 3, 3, 4], { padding: 'same' }),
          { name: 'b', kind: 'activation', activation: 'sigmoid' },
          { name: 'c', kind: 'add', inputs: ['a', 'b', 'a'] },
          { name: 'd', kind: 'multiply', inputs: ['c', 'b'] },
          { name: 'e', kind: 'global-average-pool', keepDims: true },
          conv('f', [1, 1, 4, 4], { bias: [4] }),
          { name: 'g', kind: 'multiply', inputs: ['d', 'f'] },
          { name: 'h', kind: 'concat', inputs: ['g', 'a', 'b'] },
          { name: 'i', kind: 'zero-pad', padding: [0, 1, 1, 1] },
          { name: 'j', kind: 'average-pool', size: [2, 2], strides: [2, 2], padding: 'valid' },
          { name: 'k', kind: 'zero-pad', padding: [1, 1, 0, 1] },
          conv('l', [3, 3, 12, 5], { strides: [2, 2] }),
        ],
        5,
      ),
    );
  });

  it('zeros around a map that may be negative, before a maximum: onnxruntime would make them padding that never wins', async () => {
    const made = network(
      [
        conv('a', [3, 3, 3, 4]),
        { name: 'b', kind: 'zero-pad', padding: [1, 1, 1, 1] },
        { name: 'c', kind: 'max-pool', size: [3, 3], strides: [2, 2], padding: 'valid' },
      ],
      4,
    );
    const below = new Map(made.variables);
    const kernel = below.get('a/kernel') as Variable;
    // Every place below zero, so the zeros win along all four sides.
    below.set(kernel.name, { ...kernel, values: kernel.values.map((value) => -Math.abs(value)) });
    const back = await compare({ ...made, variables: below });
    expect(back.layers.map(({ kind }) => kind)).toEqual(['input', 'conv', 'zero-pad', 'max-pool']);
  });

  it('a map of a fixed size laid out in a row, and pooled features', async () => {
    const sizes = [[16, 16]] as const;
    const flat = network(
      [
        conv('a', [3, 3, 3, 4], { strides: [4, 4], padding: 'same' }),
        { name: 'b', kind: 'flatten' },
        { name: 'c', kind: 'activation', activation: 'relu' },
        { name: 'd', kind: 'dense', kernel: [64, 5] },
      ],
      5,
    );
    await compare(flat, sizes);
    const pooled = network(
      [
        { name: 'a', kind: 'global-average-pool', keepDims: true },
        { name: 'b', kind: 'flatten' },
        { name: 'c', kind: 'dense', kernel: [3, 5], bias: [5] },
        { name: 'd', kind: 'activation', activation: 'softmax' },
      ],
      5,
    );
    await compare(pooled);
  });

  it('says what its input is made of RGB by, which a reader that would guess takes', () => {
    const made = network([conv('a', [3, 3, 3, 4], { bias: [4] })], 4);
    const guess = { mean: [1, 2, 3], std: [4, 5, 6] } as const;
    const bytes = writeOnnx(made);
    expect(readOnnx(bytes, { where: 'x', name: 'back', preprocessing: guess, guessed: true }).preprocessing).toEqual(
      made.preprocessing,
    );
    // What a card says is no guess.
    expect(readOnnx(bytes, { where: 'x', name: 'back', preprocessing: guess }).preprocessing).toEqual(guess);
    for (const value of [
      '',
      '{',
      '{"mean":[1,2],"std":[1,1,1]}',
      '{"mean":[1,2,3],"std":[1,0,1]}',
      '{"mean":[1,2,null],"std":[1,1,1]}',
    ])
      expect(toldPreprocessing([{ key: 'ft.preprocessing', value }]), value).toBeUndefined();
  });

  it('and takes pixels where it is asked to: the preprocessing comes back', async () => {
    const made = network([conv('a', [3, 3, 3, 4], { padding: 'same' })], 4);
    const bytes = writeOnnx(made, { pixels: true });
    const pixels = formulaImage(12, 14).map((value) => 30 * (value + 3));
    const own = tf.tidy(() => {
      const x = normalise(tf.tensor4d(pixels, [1, 12, 14, 3]), made.preprocessing);
      return outputOf(made, [1, 12, 14, 3], Float32Array.from(x.dataSync()));
    });
    expect(relativeDifference((await runOnnx(bytes, pixels, [1, 12, 14, 3])).values, own.values)).toBeLessThan(1e-5);
    const back = readOnnx(bytes, { where: 'x', name: 'x', output: 'a', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } });
    back.preprocessing.mean.forEach((mean, at) => expect(mean).toBeCloseTo(made.preprocessing.mean[at] as number, 4));
    back.preprocessing.std.forEach((std, at) => expect(std).toBeCloseTo(made.preprocessing.std[at] as number, 4));
    expect(back.layers.map(({ kind }) => kind)).toEqual(['input', 'conv']);
  });

  it.each([
    ['bytes', [120, 110, 100], [60, 50, 40], 1],
    ['bytes, by their mean alone', [104, 117, 123], [1, 1, 1], 1],
    ['0 … 1', [0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 255],
  ] as const)('and a reader that has to guess takes the pixels for %s by the numbers of the chain', (_, mean, std, factor) => {
    const made = { ...network([conv('a', [3, 3, 3, 4])], 4), preprocessing: { mean, std } };
    const guess = {
      where: 'x',
      name: 'x',
      preprocessing: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
      guessed: true,
    } as const;
    const { preprocessing } = readOnnx(writeOnnx(made, { pixels: true }), guess);
    mean.forEach((value, at) => expect(preprocessing.mean[at]).toBeCloseTo(factor * value, 3));
    std.forEach((value, at) => expect(preprocessing.std[at]).toBeCloseTo(factor * value, 3));
    expect(readOnnx(withoutMetadata(writeOnnx(made)), guess).preprocessing).toEqual(guess.preprocessing);
  });

  it.each(['mobilenet-v2-0.35.tf.keras'])('%s, whole', async (key) => {
    await compare(referenceNetwork(key).network, [
      [64, 96],
      [75, 83],
    ]);
  });
});
