import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPublished } from '../../src/backbones/published.js';
import { pullBackbone } from '../../src/backbones/registry.js';
import { forward, normalise } from '../../src/network/forward.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import type { PublishedCard } from '../../src/weights/cards.js';
import { imagenetSamples, SIDE, samplesPath } from './imagenet-samples.js';

describe('efficientnet-lite0', () => {
  it.skipIf(!existsSync(samplesPath))(
    'names at least 88 % of the 250 checked ImageNet samples right with the published classifier (skipped without ../shared)',
    async () => {
      const { folder, card } = await pullBackbone('efficientnet-lite0', { progress: silent });
      const network = await readPublished(folder, card as PublishedCard, { classifier: true });
      const weights = new Map(
        [...network.variables.values()].map((one): [string, Tensor] => [one.name, tf.tensor(one.values, [...one.shape])]),
      );
      let right = 0;
      let total = 0;
      for await (const { pixels, classes } of imagenetSamples(25)) {
        const named = tf.tidy(() => {
          const x = normalise(tf.tensor4d(pixels, [classes.length, SIDE, SIDE, 3]), network.preprocessing);
          const logits = forward(network, x, (name) => weights.get(name) as Tensor);
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
