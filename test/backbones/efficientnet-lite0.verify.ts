import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { publishedClassifier, publishedTensors } from '../../src/backbones/efficientnet-lite0.js';
import { publishedFile } from '../../src/backbones/from-wheel.js';
import { loadBackbone, weightsFolder } from '../../src/backbones/registry.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { imagenetSamples, SIDE, samplesPath } from './imagenet-samples.js';

describe('efficientnet-lite0', () => {
  it.skipIf(!existsSync(samplesPath))(
    'names at least 88 % of the 250 checked ImageNet samples right with the published classifier (skipped without ../shared)',
    async () => {
      const { network, card } = await loadBackbone('efficientnet-lite0', { progress: silent });
      const published = await publishedTensors(await publishedFile(card, weightsFolder(), { progress: silent }));
      const { kernel, bias } = publishedClassifier(published);
      const weights = new Map(
        [...network.variables.values()].map((one): [string, Tensor] => [one.name, tf.tensor(one.values, [...one.shape])]),
      );
      let right = 0;
      let total = 0;
      for await (const { pixels, classes } of imagenetSamples(25)) {
        const named = tf.tidy(() => {
          const x = normalise(tf.tensor4d(pixels, [classes.length, SIDE, SIDE, 3]), network.preprocessing);
          const pooled = globalPool(forward(network, x, (name) => weights.get(name) as Tensor));
          const logits = tf.add(tf.matMul(pooled, tf.tensor2d(kernel, [network.features, 1000])), tf.tensor1d(bias));
          return tf.argMax(logits as Tensor2D, 1).dataSync();
        });
        right += classes.filter((one, at) => named[at] === one).length;
        total += classes.length;
      }
      console.log(
        `efficientnet-lite0 names ${right} of ${total} ImageNet samples right: ${((100 * right) / total).toFixed(1)} %`,
      );
      expect(total).toBe(250);
      expect(right / total).toBeGreaterThanOrEqual(0.88);
    },
    120_000,
  );
});
