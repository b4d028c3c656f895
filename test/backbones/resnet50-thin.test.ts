import { readFile } from 'node:fs/promises';
import onnxProto from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { publishedFile } from '../../src/backbones/from-wheel.js';
import { backbones, type LoadedBackbone, loadBackbone, weightsFolder } from '../../src/backbones/registry.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import type { GraphCard } from '../../src/weights/cards.js';
import { relativeDifference } from '../weights/tfjs-folder.js';
import { realImages } from './images.js';

/** The published graph cut at its last feature map, for any size of image. */
async function publishedModel(loaded: LoadedBackbone): Promise<ort.InferenceSession> {
  const path = await publishedFile(loaded.card as GraphCard, weightsFolder(), { progress: silent });
  const model = onnxProto.onnx.ModelProto.decode(await readFile(path));
  const graph = model.graph;
  if (!graph?.node || !graph.input?.[0]) throw new Error('no graph');
  graph.node = graph.node.slice(0, graph.node.findIndex((node) => node.output?.[0] === 'Relu_48:0') + 1);
  graph.output = [
    {
      name: 'Relu_48:0',
      type: { tensorType: { elemType: 1, shape: { dim: ['n', 'c', 'h', 'w'].map((dimParam) => ({ dimParam })) } } },
    },
  ];
  graph.input[0].type = {
    tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }, { dimParam: 'h' }, { dimParam: 'w' }, { dimValue: 3 }] } },
  };
  // The weights above the cut are left without a use, of which it would warn.
  return ort.InferenceSession.create(onnxProto.onnx.ModelProto.encode(model).finish(), { logSeverityLevel: 3 });
}

describe('resnet50-thin', () => {
  let loaded: LoadedBackbone;
  beforeAll(async () => {
    loaded = await loadBackbone('resnet50-thin', { progress: silent });
  });
  const valuesOf = (): Map<string, Tensor> =>
    new Map(
      [...loaded.network.variables.values()].map((variable) => [variable.name, tf.tensor(variable.values, [...variable.shape])]),
    );

  it.each([224, 128, 145])("gives onnxruntime's feature map on real images at %i px, to 1e-4", async (side) => {
    const session = await publishedModel(loaded);
    const { count, pixels } = await realImages(side);
    const [blue, green, red] = [104, 117, 123];
    const published = pixels.map((_, at) => (pixels[at - (at % 3) + 2 - (at % 3)] ?? 0) - ([blue, green, red][at % 3] ?? 0));
    const result = (await session.run({ 'input:0': new ort.Tensor('float32', published, [count, side, side, 3]) }))['Relu_48:0'];
    await session.release();
    const [n = 0, c = 0, h = 0, w = 0] = result?.dims ?? [];
    const difference = tf.tidy(() => {
      const values = valuesOf();
      const x = normalise(tf.tensor4d(pixels, [count, side, side, 3]), loaded.network.preprocessing);
      const map = forward(loaded.network, x, (name) => values.get(name) as Tensor);
      expect(map.shape).toEqual([n, h, w, c]);
      return relativeDifference(tf.transpose(map, [0, 3, 1, 2]).dataSync(), result?.data as Float32Array);
    });
    expect(difference).toBeLessThan(1e-4);
    expect(difference).toBeGreaterThan(0);
    console.log(
      `resnet50-thin against onnxruntime, ${count} images at ${side} px: largest relative difference ${difference.toExponential(1)}`,
    );
  });

  it('has 5,889,216 parameters in 53 convolutions, five stages, and the weights that its card pins', () => {
    const { network, card, sha256 } = loaded;
    expect([...network.variables.values()].reduce((sum, variable) => sum + variable.values.length, 0)).toBe(5_889_216);
    expect(card.parameters).toBe(5_889_216);
    expect(network.layers.filter((layer) => layer.kind === 'conv').length).toBe(53);
    expect(network.stages).toEqual(['conv1', 'conv2', 'conv3', 'conv4', 'conv5']);
    expect([network.output, network.features]).toEqual(['conv5_3_relu', 1024]);
    expect(network.preprocessing).toEqual({ mean: [123, 117, 104], std: [128, 128, 128] });
    expect(sha256).toBe(card.variablesSha256);
  });

  it('keeps explicit padding where SAME would be another one', () => {
    const byName = new Map(loaded.network.layers.map((layer) => [layer.name, layer]));
    expect(byName.get('conv1')).toMatchObject({ padding: [3, 3, 3, 3], strides: [2, 2] });
    expect(byName.get('conv1_pool')).toMatchObject({ padding: [0, 1, 0, 1], strides: [2, 2], size: [3, 3] });
    expect(byName.get('conv3_1_a')).toMatchObject({ padding: 'valid', strides: [2, 2], inputs: ['conv2_3_relu'] });
    expect(byName.get('conv3_1_b')).toMatchObject({ padding: 'same', strides: [1, 1] });
    expect(byName.get('conv3_1_add')?.inputs).toEqual(['conv3_1_c', 'conv3_1_proj']);
  });

  it('has a stem whose gradient, beside its weights, is of the size of the next layers (as published it is 16,384 times larger)', async () => {
    const { pixels } = await realImages(64);
    const ratios = tf.tidy(() => {
      const values = valuesOf();
      const x = normalise(tf.tensor4d(pixels.subarray(0, 2 * 64 * 64 * 3), [2, 64, 64, 3]), loaded.network.preprocessing);
      const names = ['conv1/kernel', 'conv2_1_a/kernel'];
      const loss = (...kernels: Tensor[]): Tensor => {
        const lookup = (name: string): Tensor =>
          names.includes(name) ? (kernels[names.indexOf(name)] as Tensor) : (values.get(name) as Tensor);
        return tf.mean(tf.square(globalPool(forward(loaded.network, x as Tensor4D, lookup))));
      };
      const kernels = names.map((name) => values.get(name) as Tensor);
      return tf
        .grads(loss as never)(kernels)
        .map((gradient, at) => (tf.norm(gradient).dataSync()[0] ?? 0) / (tf.norm(kernels[at] as Tensor).dataSync()[0] ?? 1));
    });
    const [stem = 0, next = 0] = ratios;
    expect(stem).toBeGreaterThan(0);
    expect(stem / next).toBeLessThan(3);
    expect((stem * 128 * 128) / next).toBeGreaterThan(1000);
  });

  it('can be cut at a stage', async () => {
    const cut = await loadBackbone('resnet50-thin', { progress: silent, upTo: 'conv3_4_relu' });
    expect(cut.network.features).toBe(256);
    expect(cut.network.stages).toEqual(['conv1', 'conv2', 'conv3']);
    expect(cut.sha256).not.toBe(loaded.sha256);
  });
});

describe('the registry of backbones', () => {
  it('answers a name that it lacks with the nearest one', async () => {
    expect([...backbones.keys()]).toEqual(['resnet50-thin', 'mobilenet-v1']);
    await expect(loadBackbone('resnet50thin', { progress: silent })).rejects.toThrow(
      /^unknown set of weights 'resnet50thin'\n {2}expected: .*\n {2}do this: {2}did you mean 'resnet50-thin'\?$/,
    );
  });
});
