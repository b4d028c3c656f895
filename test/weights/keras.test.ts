import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { type KerasFile, readKerasFile } from '../../src/weights/keras/file.js';
import { readKerasNetwork } from '../../src/weights/keras/network.js';
import { answerOf, golden, goldenBytes, goldenPath } from './keras-golden.js';
import { relativeDifference } from './tfjs-folder.js';

const files = new Map<string, Promise<KerasFile>>();
const read = (file: string): Promise<KerasFile> => {
  const known = files.get(file) ?? readKerasFile(goldenPath(file), file);
  files.set(file, known);
  return known;
};
const networkOf = (file: KerasFile, more = {}) => readKerasNetwork(file, { name: 'net', side: 16, ...more }, 'net');

describe('the tensors of a file of Keras', () => {
  it.each(
    Object.keys(golden.models).flatMap((model) =>
      ['keras', 'h5', 'weights.h5'].map((ending) => [`${model}.${ending}`, model, ending] as const),
    ),
  )('in %s are those of the model, bit by bit, by layer and variable', async (file, model, ending) => {
    const found = await read(file);
    expect(found.format).toBe(ending);
    const { tensors } = golden.models[model]!;
    // Which of γ and β a norm leaves out, weights alone do not say: γ is assumed.
    const written = (name: string) => (file === 'plain.weights.h5' && name === 'depthwise_bn/gamma' ? 'depthwise_bn/beta' : name);
    expect([...found.tensors.keys()].sort()).toEqual(Object.keys(tensors).map(written).sort());
    for (const [name, { shape, values }] of Object.entries(tensors)) {
      expect([name, found.tensors.get(written(name))?.shape]).toEqual([name, shape]);
      expect(found.tensors.get(written(name))?.values()).toEqual(Float32Array.from(values));
    }
  });

  it.each(['plain.keras2-weights.h5', 'plain.keras2.h5', 'squeezed.keras2.h5', 'convnext.keras2.h5', 'operations.keras2.h5'])(
    'in %s, as Keras 2 laid it out, are the same',
    async (file) => {
      const { tensors } = golden.models[file.split('.')[0]!]!;
      const found = await read(file);
      expect([...found.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
      for (const [name, { values }] of Object.entries(tensors))
        expect(found.tensors.get(name)?.values()).toEqual(Float32Array.from(values));
    },
  );

  it('have today’s names where Keras 1 wrote them, and their values where they are compressed float16', async () => {
    const { tensors } = golden.models.plain!;
    const found = await read('plain.keras1.h5');
    expect([...found.tensors.keys()]).toEqual([
      'stem/kernel',
      'stem_bn/beta',
      'stem_bn/moving_mean',
      'stem_bn/moving_variance',
      'depthwise/kernel',
      'depthwise/bias',
      'depthwise_bn/gamma',
      'depthwise_bn/moving_mean',
      'depthwise_bn/moving_variance',
    ]);
    for (const [name, tensor] of found.tensors)
      tensor.values().forEach((value, at) => {
        const exact = tensors[name]!.values[at]!;
        // Eleven bits of fraction, or 2⁻²⁵ near zero.
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25));
      });
  });

  it('have the name of the layer’s class where the first versions of Keras 3, or TensorFlow’s 2.12, wrote no other', async () => {
    for (const file of ['nested.unnamed.weights.h5', 'nested.dependencies.weights.h5']) {
      const found = await read(file);
      expect([...found.tensors.keys()].sort()).toEqual([
        'dense/bias',
        'dense/kernel',
        'depthwise_conv2d/bias',
        'depthwise_conv2d/kernel',
        'functional_conv2d/bias',
        'functional_conv2d/kernel',
        'functional_sequential_conv2d/bias',
        'functional_sequential_conv2d/kernel',
      ]);
    }
    const norms = [...(await read('counted.unnamed.weights.h5')).tensors.keys()].filter((name) => name.startsWith('batch'));
    expect(norms).toContain('batch_normalization_1/beta');
    expect(norms).not.toContain('batch_normalization_1/gamma');
  });

  it('are the same from bytes, and within a thread', async () => {
    const bytes = await readKerasFile(goldenBytes('nested.h5'), 'nested.h5');
    const path = await read('nested.h5');
    expect([...bytes.tensors].map(([name, one]) => [name, one.values()])).toEqual(
      [...path.tensors].map(([name, one]) => [name, one.values()]),
    );
    const thread = new Worker(new URL('./keras-thread.mjs', import.meta.url), { workerData: goldenPath('nested.h5') });
    const [names] = (await once(thread, 'message')) as [string[]];
    expect(names).toEqual([...path.tensors.keys()]);
  });
});

describe('a whole model of Keras read into a network', () => {
  it.each([
    'plain.keras',
    'plain.h5',
    'operations.keras',
    'operations.h5',
    'operations.keras2.h5',
    'convnext.keras',
    'convnext.h5',
    'convnext.keras2.h5',
    'convnext.unnamed.keras',
    'nested.keras',
    'nested.h5',
    'nested.unnamed.keras',
    'squeezed.keras',
    'squeezed.h5',
    'squeezed.keras2.h5',
    'counted.keras',
    'counted.h5',
  ])('gives Keras’ own output for RGB bytes: %s', async (file) => {
    const { input, last, shape, output } = golden.models[file.split('.')[0]!]!;
    const found = answerOf(networkOf(await read(file), { output: last }), input);
    expect(found.shape).toEqual(shape);
    expect(relativeDifference(found.values, output)).toBeLessThan(1e-5);
  });

  it('is cut at its feature map, at a layer, or at an activation within one, with the preprocessing that its input says', async () => {
    const whole = networkOf(await read('plain.keras'));
    expect([whole.output, whole.features]).toEqual(['gated', 15]);
    expect(whole.preprocessing.mean.every((one) => Math.abs(one - 127.5) < 1e-9)).toBe(true);
    expect(whole.stages).toEqual(['stage1', 'stage2']);
    expect(networkOf(await read('plain.keras'), { upTo: 'separable_gelu' }).output).toBe('separable_gelu');
    expect(networkOf(await read('squeezed.keras')).output).toBe('b_excite');
    expect(networkOf(await read('nested.keras')).output).toBe('pool');
    const scaled = networkOf(await read('nested.keras')).preprocessing;
    expect(scaled.std).toEqual([255, 128, 64]);
    expect(scaled.mean).toEqual([0, 64, -16]);
    // What a caller does to the bytes comes first.
    const given = networkOf(await read('nested.keras'), { preprocessing: { mean: [10, 0, 0], std: [2, 1, 1] } }).preprocessing;
    expect(given.std).toEqual([510, 128, 64]);
    expect(given.mean).toEqual([10, 64, -16]);
  });

  it('takes numbers for each channel in operations on the input, as TensorFlow’s EfficientNet divides by them', () => {
    const divided = { class_name: 'TFOpLambda', name: 'divided', config: { name: 'divided', function: 'math.truediv' } };
    const config = {
      class_name: 'Functional',
      config: {
        layers: [
          {
            class_name: 'InputLayer',
            name: 'images',
            config: { name: 'images', batch_input_shape: [null, 8, 8, 3] },
            inbound_nodes: [],
          },
          { ...divided, inbound_nodes: [['images', 0, 0, { y: [2, 4, 8], name: null }]] },
          { class_name: 'ReLU', name: 'relu', config: { name: 'relu' }, inbound_nodes: [[['divided', 0, 0, {}]]] },
        ],
        input_layers: { images: ['images', 0, 0] },
        output_layers: ['relu', 0, 0],
      },
    };
    const network = networkOf({ format: 'keras', variables: [], tensors: new Map(), config });
    expect(network.preprocessing).toEqual({ mean: [0, 0, 0], std: [2, 4, 8] });
    expect(network.output).toBe('relu');
  });

  it('has the layers and variables of ft for what Keras calls otherwise', async () => {
    const { layers, variables } = networkOf(await read('convnext.keras'), { output: 'head' });
    const kinds = Object.fromEntries(layers.map((layer) => [layer.name, layer.kind]));
    expect(kinds).toMatchObject({
      block0_depthwise: 'depthwise-conv',
      block0_expand: 'conv',
      block0_scale: 'depthwise-conv',
      grouped: 'depthwise-conv',
      head: 'dense',
    });
    expect(layers.map((layer) => layer.name)).not.toContain('block1_drop');
    expect(variables.get('block0_scale/kernel')?.shape).toEqual([1, 1, 8, 1]);
    expect(variables.get('grouped/kernel')?.shape).toEqual([2, 2, 8, 2]);
    expect(variables.get('block0_expand/kernel')?.shape).toEqual([1, 1, 8, 16]);
    const squeezed = networkOf(await read('squeezed.keras')).layers;
    expect(squeezed.find((layer) => layer.name === 'a_squeeze')).toMatchObject({ keepDims: true });
    expect(squeezed.find((layer) => layer.name === 'a_reduce')).toMatchObject({ kind: 'conv' });
    const gates = networkOf(await read('operations.keras')).layers.filter((layer) => layer.kind === 'activation');
    expect(gates.map((layer) => layer.activation)).toEqual(['relu', 'hard-sigmoid', 'hard-sigmoid', 'hard-swish']);
  });

  it('refuses the hard sigmoid of Keras 2, which is another function, and reads what lies below it', async () => {
    const file = await read('plain.keras2.h5');
    expect(() => networkOf(file, { output: 'classes' })).toThrow(
      /net: hard_sigmoid: the Activation has activation "hard_sigmoid"\n {2}expected: that of Keras 3 \(this is 2\.15\.0\)/,
    );
    const { input } = golden.models.plain!;
    const [old, today] = [networkOf(file, { output: 'gate' }), networkOf(await read('plain.keras'), { output: 'gate' })];
    expect(answerOf(old, input)).toEqual(answerOf(today, input));
  });

  it('says that a file of weights alone is no model', async () => {
    const file = await read('plain.weights.h5');
    expect(() => networkOf(file)).toThrow('net: this file holds weights alone, and no configuration of the model');
  });
});
