import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { variantOf } from '../../src/backbones/families.js';
import { readKerasFile } from '../../src/weights/keras/file.js';
import { readKerasNetwork } from '../../src/weights/keras/network.js';
import { runPython } from '../verify/python.js';
import { type Answer, answerOf } from './keras-golden.js';
import { relativeDifference } from './tfjs-folder.js';

const GENERATOR = fileURLToPath(new URL('../golden/keras-files.py', import.meta.url));

/** Networks of keras.applications, and what ft calls them. */
const NETWORKS = new Map([
  ['ResNet50', 'resnet50-v1'],
  ['MobileNetV3Small', 'mobilenet-v3-small.tf'],
  ['EfficientNetB0', 'efficientnet-b0.tf'],
  ['ConvNeXtTiny', 'convnext-tiny'],
  ['InceptionV3', 'inception-v3.tf'],
]);

/** Each place of a map normalised over its channels, ε 1e-6. */
function layerNormalised(map: Float32Array, gamma: Float32Array, beta: Float32Array): Float32Array {
  const result = new Float32Array(map.length);
  for (let start = 0; start < map.length; start += gamma.length) {
    const place = map.subarray(start, start + gamma.length);
    const mean = place.reduce((sum, one) => sum + one, 0) / gamma.length;
    const variance = place.reduce((sum, one) => sum + (one - mean) ** 2, 0) / gamma.length;
    for (const [at, one] of place.entries())
      result[start + at] = ((one - mean) / Math.sqrt(variance + 1e-6)) * gamma[at]! + beta[at]!;
  }
  return result;
}

describe('networks of keras.applications, saved by Keras here and now', () => {
  let folder = '';
  let answers: Record<string, Answer & { map: { shape: number[]; output: number[] } }> = {};
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ft-test-'));
    runPython('backbones', [GENERATOR, folder, ...NETWORKS.keys()]);
    answers = JSON.parse(readFileSync(join(folder, 'applications.json'), 'utf8'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([...NETWORKS.keys()].flatMap((name) => [`${name}.keras`, `${name}.h5`]))('give Keras’ logits: %s', async (file) => {
    const { input, last, shape, output } = answers[file.split('.')[0]!]!;
    const network = readKerasNetwork(await readKerasFile(join(folder, file), file), { name: file, side: 96, output: last }, file);
    const found = answerOf(network, input);
    expect(found.shape).toEqual(shape);
    const difference = relativeDifference(found.values, output);
    console.log(`${file}: largest relative difference ${difference.toExponential(1)}`);
    expect(difference).toBeLessThan(1e-5);
  });

  it.each([...NETWORKS].flatMap(([name, variant]) => ['h5', 'weights.h5'].map((ending) => [name, ending, variant] as const)))(
    'give Keras’ map where only the weights of %s without a classifier are in a .%s: %s',
    async (name, ending, variantName) => {
      const variant = variantOf(variantName, 'test');
      const { tensors } = await readKerasFile(join(folder, `${name}_notop.${ending}`), name);
      // EfficientNet's file holds what it normalises its input by; ConvNeXt's a norm on the map that stands in no network with a classifier.
      const beside = /^(layer_)?normalization\//;
      const weights = new Map([...tensors].filter(([tensor]) => !beside.test(tensor)));
      const network = assemble(variant, variant.layouts.find((layout) => layout.name === 'keras')!, weights, { where: name });
      const { input, map } = answers[name]!;
      // The one of random weights is not normalised but divided by 255.
      const preprocessing =
        name === 'EfficientNetB0' ? ({ mean: [0, 0, 0], std: [255, 255, 255] } as const) : network.preprocessing;
      const found = answerOf({ ...network, preprocessing }, input);
      expect(found.shape).toEqual(map.shape);
      const [gamma, beta] = ['gamma', 'beta'].map((one) => tensors.get(`layer_normalization/${one}`)?.values());
      const values = gamma && beta ? layerNormalised(found.values, gamma, beta) : found.values;
      const difference = relativeDifference(values, map.output);
      console.log(`${name}_notop.${ending}: largest relative difference ${difference.toExponential(1)}`);
      expect(difference).toBeLessThan(1e-5);
    },
  );
});
