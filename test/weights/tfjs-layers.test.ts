import { readFileSync } from 'node:fs';
import { readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tf } from '../../src/runtime/tensorflow.js';
import { readTfjsLayers, type TfjsLayersOptions } from '../../src/weights/tfjs/layers.js';
import { temporaryFolder } from './temporary.js';
import { numbers, outputOf, relativeDifference, type TestWeight, writeFolder } from './tfjs-folder.js';

interface Numbers {
  shape: [number, number, number, number];
  values: number[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/keras3.json', import.meta.url), 'utf8')) as {
  topology: unknown;
  weights: TestWeight[];
  input: Numbers;
  map: Numbers;
  output: Numbers;
};
const options: TfjsLayersOptions = { name: 'net', side: 16, preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } };
const input = Float32Array.from(golden.input.values);

async function goldenFolder(change: (topology: string) => string = (text) => text): Promise<string> {
  const folder = await temporaryFolder();
  await writeFolder(folder, JSON.parse(change(JSON.stringify(golden.topology))), golden.weights);
  return folder;
}

describe('a tfjs layers model read into a network', () => {
  it("gives Keras' feature map and Keras' output, in the form that Keras 3 writes", async () => {
    const folder = await goldenFolder();
    const before = tf.memory().numTensors;
    const map = await readTfjsLayers(folder, options);
    const whole = await readTfjsLayers(folder, { ...options, output: 'top' });
    expect(tf.memory().numTensors).toBe(before);
    expect(map.output).toBe('average');
    expect(map.features).toBe(6);
    expect(whole.features).toBe(4);
    for (const [network, reference] of [
      [map, golden.map],
      [whole, golden.output],
    ] as const) {
      const found = outputOf(network, golden.input.shape, input);
      expect(found.shape).toEqual(reference.shape);
      expect(relativeDifference(found.values, reference.values)).toBeLessThan(1e-5);
    }
  });

  it('hands zero padding to the windows after it, leaves Dropout out, and names an activation inside a layer', async () => {
    const { layers, stages } = await readTfjsLayers(await goldenFolder(), options);
    expect(layers.map((layer) => layer.name)).toEqual([
      'images',
      'stem',
      'stem_bn',
      'stem_relu',
      'pool',
      'depthwise',
      'depthwise_bn',
      'depthwise_swish',
      'project',
      'project_tanh',
      'sum',
      'average',
    ]);
    const byName = new Map(layers.map((layer) => [layer.name, layer]));
    expect(byName.get('stem')).toMatchObject({ inputs: ['images'], padding: [1, 2, 0, 1] });
    expect(byName.get('stem_bn')).not.toHaveProperty('gamma');
    expect(byName.get('stem_bn')).toMatchObject({ beta: 'stem_bn/beta', epsilon: 0.001, momentum: 0.99 });
    expect(byName.get('pool')).toMatchObject({ kind: 'max-pool', padding: 'same' });
    expect(byName.get('sum')?.inputs).toEqual(['stem_relu', 'project_tanh']);
    expect(stages).toEqual(['stage1']);
  });

  it('leaves zero padding where a padded zero could win the maximum', async () => {
    const folder = await goldenFolder((text) =>
      text
        .replace('{"module":"keras.layers","class_name":"ReLU"', '{"module":"keras.layers","class_name":"Activation"')
        .replace('"max_value":6.0', '"activation":"tanh"')
        .replace('"max_value":6', '"activation":"tanh"'),
    );
    const network = await readTfjsLayers(folder, options);
    expect(network.layers.find((layer) => layer.name === 'pool_pad')).toMatchObject({ kind: 'zero-pad', padding: [1, 1, 1, 1] });
    expect(network.layers.find((layer) => layer.name === 'pool')).toMatchObject({ inputs: ['pool_pad'], padding: 'valid' });
  });

  it('reads only what a cut needs: files above it may be missing', async () => {
    const folder = await goldenFolder();
    for (let group = 5; group <= golden.weights.length; group++) await unlink(join(folder, `group${group}`));
    const network = await readTfjsLayers(folder, { ...options, upTo: 'stem_relu' });
    expect(network.layers.map((layer) => layer.name)).toEqual(['images', 'stem', 'stem_bn', 'stem_relu']);
    expect([...network.variables.keys()]).toEqual(['stem/kernel', 'stem_bn/beta', 'stem_bn/mean', 'stem_bn/variance']);
    await expect(readTfjsLayers(folder, options)).rejects.toThrow(
      /weight group 5 of 13 is missing: group5\n\s+found:\s+no such file; the group holds depthwise\/kernel \[3, 3, 6, 2\]\n.*backbone\.upTo: pool/,
    );
  });

  it('can be cut at the activation inside a layer', async () => {
    expect((await readTfjsLayers(await goldenFolder(), { ...options, upTo: 'project_tanh' })).output).toBe('project_tanh');
    expect((await readTfjsLayers(await goldenFolder(), { ...options, upTo: 'dropout' })).output).toBe('depthwise_swish');
  });

  it('answers a cut at no layer with the nearest name', async () => {
    await expect(readTfjsLayers(await goldenFolder(), { ...options, upTo: 'stem_rely' })).rejects.toThrow(
      "there is no layer 'stem_rely' to cut at",
    );
    await expect(readTfjsLayers(await goldenFolder(), { ...options, upTo: 'stem_rely' })).rejects.toThrow(
      "did you mean 'stem_relu'?",
    );
  });

  it('decodes quantised weights as tfjs does', async () => {
    const folder = await goldenFolder();
    const path = join(folder, 'model.json');
    const json = JSON.parse(await readFile(path, 'utf8')) as { weightsManifest: { weights: Record<string, unknown>[] }[] };
    const bytes = Uint8Array.from({ length: 3 * 3 * 3 * 6 }, (_, at) => at);
    const entry = json.weightsManifest[0]?.weights[0] ?? {};
    entry.quantization = { dtype: 'uint8', scale: 0.5, min: -3 };
    await writeFile(path, JSON.stringify(json));
    await writeFile(join(folder, 'group1'), bytes);
    const kernel = (await readTfjsLayers(folder, { ...options, upTo: 'stem' })).variables.get('stem/kernel');
    expect([...(kernel?.values ?? [])]).toEqual([...bytes].map((byte) => 0.5 * byte - 3));
  });

  it('names a weight file that is cut short, with what it holds', async () => {
    const folder = await goldenFolder();
    await truncate(join(folder, 'group1'), 100);
    await expect(readTfjsLayers(folder, options)).rejects.toThrow(
      /group1: the weight file is cut short; it holds stem\/kernel \[3, 3, 3, 6\]\n\s+expected: 648 bytes\n\s+found:\s+100 bytes/,
    );
  });

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'a kind of layer',
      (text) => text.replace('"class_name":"DepthwiseConv2D"', '"class_name":"LocallyConnected2D"'),
      /depthwise: a LocallyConnected2D is a kind of layer that ft does not read/,
    ],
    [
      'groups, which tfjs passes over',
      (text) => text.replace('"groups":1', '"groups":3'),
      /stem: the Conv2D has groups 3\n\s+expected: 1/,
    ],
    [
      'a leaky ReLU, which tfjs passes over',
      (text) => text.replace('"negative_slope":0', '"negative_slope":0.1'),
      /stem_relu: the ReLU has negative_slope 0\.1/,
    ],
    [
      'an activation',
      (text) => text.replace('"activation":"silu"', '"activation":"softsign"'),
      /depthwise_swish: the Activation has activation "softsign"\n\s+expected: linear, relu/,
    ],
    [
      'channels first',
      (text) => text.replace('"channels_last"', '"channels_first"'),
      /pad: the ZeroPadding2D has data_format "channels_first"/,
    ],
  ])('refuses %s by the name of the layer', async (_what, change, message) => {
    const before = tf.memory().numTensors;
    await expect(readTfjsLayers(await goldenFolder(change), options)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says that a folder has no model, a graph model, or half a model.json', async () => {
    const folder = await temporaryFolder();
    await expect(readTfjsLayers(folder, options)).rejects.toThrow('there is no model.json here');
    await writeFile(join(folder, 'model.json'), '{"format": "graph-model", "modelTopology": {}}');
    await expect(readTfjsLayers(folder, options)).rejects.toThrow('this is a tfjs graph model');
    await writeFile(join(folder, 'model.json'), '{"modelTopology": {"mod');
    await expect(readTfjsLayers(folder, options)).rejects.toThrow('it is not whole JSON');
    await writeFile(
      join(folder, 'model.json'),
      '{"modelTopology": {"class_name": "Model", "config": {"layers": []}}, "weightsManifest": [{"paths": ["../../x"], "weights": []}]}',
    );
    await expect(readTfjsLayers(folder, options)).rejects.toThrow(
      "the weight file '../../x' would lie outside the model's folder",
    );
  });

  it("equals tfjs-layers' own predict on a Sequential model that tfjs saved", async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [12, 12, 3],
          filters: 4,
          kernelSize: 3,
          activation: 'relu6',
          padding: 'same',
          dilationRate: 2,
          name: 'first',
        }),
        tf.layers.maxPooling2d({ poolSize: 2, padding: 'same', name: 'pool' }),
        tf.layers.separableConv2d({ filters: 5, kernelSize: 3, name: 'above' }),
        tf.layers.flatten({ name: 'flat' }),
      ],
    });
    const folder = await temporaryFolder();
    await model.save(`file://${folder}`);
    const cut = tf.model({ inputs: model.inputs, outputs: model.getLayer('pool').output });
    const x = numbers(2 * 12 * 12 * 3);
    const reference = (cut.predict(tf.tensor4d(x, [2, 12, 12, 3])) as ReturnType<typeof tf.tensor>).dataSync();
    const network = await readTfjsLayers(folder, { ...options, upTo: 'pool' });
    expect(network.layers.map((layer) => layer.name)).toEqual(['first_input', 'first', 'first_relu6', 'pool']);
    expect(relativeDifference(outputOf(network, [2, 12, 12, 3], x).values, reference)).toBeLessThan(1e-6);
  });
});
