import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { tf } from '../../src/runtime/tensorflow.js';
import { readOnnxFile } from '../../src/weights/onnx/network.js';
import { writeOnnx } from '../../src/weights/onnx/write.js';
import { referenceNetwork } from '../backbones/reference.js';
import { runPython } from '../verify/python.js';
import { channelsFirst, formulaImage, runOnnx } from './onnx-runtime.js';
import { temporaryFolder } from './temporary.js';
import { outputOf, relativeDifference } from './tfjs-folder.js';

const raw = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
const SIZES = [
  [64, 96],
  [75, 107],
] as const;

function scores(network: Network, height: number, width: number): { shape: number[]; values: Float32Array } {
  const x = tf.tidy(() =>
    normalise(tf.tensor4d(formulaImage(height, width), [1, height, width, 3]), network.preprocessing).dataSync(),
  );
  return outputOf(network, [1, height, width, 3], Float32Array.from(x));
}

/** Opsets, and channels of the last feature map. */
const MODELS: readonly [name: string, opsets: readonly number[], features: number][] = [
  ['resnet18', [11, 17], 512],
  ['mobilenet_v2', [13, 20], 1280],
  ['mobilenet_v3_small', [11, 17], 576],
  ['efficientnet_b0', [13, 17], 1280],
  ['densenet121', [11, 17], 1024],
  ['googlenet', [13], 1024],
  ['convnext_tiny', [11, 17, 20], 768],
];

describe('whole models of torchvision, exported here and now', () => {
  it.each(MODELS)(
    '%s at opset %o gives the scores of onnxruntime, read, and written and read again',
    async (name, opsets, features) => {
      const folder = await temporaryFolder();
      runPython('backbones', ['test/weights/onnx-export.py', folder, ...opsets.map((opset) => `${name}.${opset}`)]);
      for (const opset of opsets) {
        const path = join(folder, `${name}.${opset}.onnx`);
        const network = await readOnnxFile(path, { name, output: 'scores', preprocessing: raw });
        const written = writeOnnx(network);
        for (const [height, width] of SIZES) {
          const theirs = await runOnnx(readFileSync(path), formulaImage(height, width), [1, height, width, 3]);
          const own = scores(network, height, width);
          expect(own.shape).toEqual([1, 1000]);
          expect(relativeDifference(own.values, theirs.values), `${name}.${opset}`).toBeLessThan(1e-5);
          expect(Math.max(...theirs.values) - Math.min(...theirs.values)).toBeGreaterThan(1e-3);
          const x = tf.tidy(() =>
            normalise(tf.tensor4d(formulaImage(height, width), [1, height, width, 3]), network.preprocessing).dataSync(),
          );
          const again = await runOnnx(written, Float32Array.from(x), [1, height, width, 3]);
          expect(relativeDifference(again.values, theirs.values), `${name}.${opset}, written`).toBeLessThan(1e-5);
        }
        const backbone = await readOnnxFile(path, { name, preprocessing: raw });
        expect(backbone.features).toBe(features);
        expect(backbone.stages.length).toBeGreaterThan(3);
      }
    },
  );

  it('resnet50-v2 of Keras, written: ft and onnxruntime, optimising and not, lie within 3e-6 of double precision', async () => {
    const { network } = referenceNetwork('resnet50-v2.keras');
    const [height, width] = [107, 139];
    const image = formulaImage(height, width);
    const folder = await temporaryFolder();
    const [model, pixels] = [join(folder, 'model.onnx'), join(folder, 'image.bin')];
    writeFileSync(model, writeOnnx(network));
    writeFileSync(pixels, Buffer.from(channelsFirst(image, [1, height, width, 3]).buffer));
    const script = ['test/weights/onnx-float64.py', model, pixels, `${height}`, `${width}`];
    const exact = JSON.parse(runPython('backbones', script)) as number[];
    const own = outputOf(network, [1, height, width, 3], image);
    expect(relativeDifference(own.values, exact), 'ft').toBeLessThan(3e-6);
    for (const level of ['disabled', 'all'] as const) {
      const theirs = await runOnnx(model, image, [1, height, width, 3], level);
      expect(relativeDifference(theirs.values, exact), `onnxruntime, ${level}`).toBeLessThan(3e-6);
    }
  });

  it.each(['densenet121.tf.keras', 'inception-v3.tf.keras', 'mobilenet-v2.tf.keras'])(
    '%s of Keras, written, gives the scores of ft in onnxruntime',
    async (key) => {
      const { network } = referenceNetwork(key);
      const bytes = writeOnnx(network);
      const [height, width] = [107, 139];
      const own = outputOf(network, [1, height, width, 3], formulaImage(height, width));
      const theirs = await runOnnx(bytes, formulaImage(height, width), [1, height, width, 3]);
      expect(relativeDifference(theirs.values, own.values)).toBeLessThan(1e-5);
    },
  );
});
