import { existsSync } from 'node:fs';
import { copyFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadBackbone, pullBackbone } from '../../src/backbones/registry.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { recorded, temporaryFolder } from '../weights/temporary.js';
import { relativeDifference } from '../weights/tfjs-folder.js';
import { realImages } from './images.js';

const from = fileURLToPath(new URL('../../../shared/pretrained/mobilenet_v1_1.0_224/', import.meta.url));
const upTo = 'conv_pw_12_relu';

/** tfjs-layers' own model of the folder, with zeros for the one group that the folder lacks, cut where ours is. */
async function ownModel(): Promise<ReturnType<typeof tf.model>> {
  const folder = await temporaryFolder();
  for (const file of await readdir(from)) await copyFile(join(from, file), join(folder, file));
  await writeFile(join(folder, 'group37-shard1of1'), Buffer.alloc(1024 * 1024 * 4));
  const whole = await tf.loadLayersModel(`file://${join(folder, 'model.json')}`);
  return tf.model({ inputs: whole.inputs, outputs: whole.getLayer(upTo).output });
}

// The folder with the weights lies beside the project on some machines only; elsewhere these tests are skipped.
describe.skipIf(!existsSync(from))('mobilenet-v1 from a folder that lacks a group of weights', () => {
  it("cut below it, gives tfjs-layers' own numbers on real images, to 1e-4", async () => {
    const cache = await temporaryFolder();
    const { network } = await loadBackbone('mobilenet-v1', { progress: silent, from, upTo, cache });
    expect(network.features).toBe(1024);
    expect(network.stages).toEqual(['conv1', 'conv2', 'conv3', 'conv4', 'conv5']);
    const { count, pixels } = await realImages(224);
    const model = await ownModel();
    const difference = tf.tidy(() => {
      const x = tf.tensor4d(pixels, [count, 224, 224, 3]);
      const variables = new Map([...network.variables.values()].map((v) => [v.name, tf.tensor(v.values, [...v.shape])]));
      const map = forward(network, normalise(x, network.preprocessing), (name) => variables.get(name) as Tensor);
      const reference = model.predict(tf.div(tf.sub(x, 127.5), 127.5)) as Tensor;
      expect(map.shape).toEqual(reference.shape);
      return relativeDifference(map.dataSync(), reference.dataSync());
    });
    expect(difference).toBeLessThan(1e-4);
    console.log(
      `mobilenet-v1 up to ${upTo} against tfjs-layers, ${count} images at 224 px: largest relative difference ${difference.toExponential(1)}`,
    );
  });

  it('cut below it, can be trained from the first layer up', async () => {
    const { network } = await loadBackbone('mobilenet-v1', { progress: silent, from, upTo, cache: await temporaryFolder() });
    const { pixels } = await realImages(64);
    const losses = tf.tidy(() => {
      const x = normalise(tf.tensor4d(pixels.subarray(0, 2 * 64 * 64 * 3), [2, 64, 64, 3]), network.preprocessing) as Tensor4D;
      const variables = new Map(
        [...network.variables.values()].map((v) => [v.name, tf.variable(tf.tensor(v.values, [...v.shape]))]),
      );
      const trained = ['conv1/kernel', 'conv_dw_6/kernel', 'conv_pw_12/kernel', 'conv_pw_12_bn/gamma'].map((name) =>
        variables.get(name),
      );
      const optimizer = tf.train.sgd(0.01);
      return Array.from({ length: 4 }, () => {
        const loss = () =>
          tf.mean(tf.square(globalPool(forward(network, x, (name) => variables.get(name) as Tensor)))).asScalar();
        return optimizer.minimize(loss, true, trained as never)?.dataSync()[0] ?? Number.NaN;
      });
    });
    expect(losses.every(Number.isFinite)).toBe(true);
    for (let step = 1; step < losses.length; step++) expect(losses[step]).toBeLessThan(losses[step - 1] ?? 0);
  });

  it('asked for whole, says which group is missing and what it holds', async () => {
    const cache = await temporaryFolder();
    const progress = recorded();
    await expect(loadBackbone('mobilenet-v1', { progress, from, cache })).rejects.toThrow(
      /weight group 37 of 55 is missing: group37-shard1of1\n\s+found:\s+no such file; the group holds conv_pw_13\/kernel \[1, 1, 1024, 1024\]\n.*backbone\.upTo/,
    );
    expect(progress.lines).toEqual([expect.stringContaining('lacks group37-shard1of1')]);
  });

  it('is fetched again from the folder, and that is said, when a byte in the cache differs', async () => {
    const cache = await temporaryFolder();
    const { folder, missing } = await pullBackbone('mobilenet-v1', { progress: silent, from, cache });
    expect(missing).toEqual(['group37-shard1of1']);
    await rm(join(folder, 'group1-shard1of1'));
    await writeFile(join(folder, 'group1-shard1of1'), Buffer.alloc(3 * 3 * 3 * 32 * 4));
    const progress = recorded();
    const { network } = await loadBackbone('mobilenet-v1', { progress, from, upTo: 'conv1_relu', cache });
    expect(progress.lines[0]).toMatch(/mobilenet-v1 is made anew: group1-shard1of1 has SHA-256/);
    expect(network.variables.get('conv1/kernel')?.values.some((value) => value !== 0)).toBe(true);
  });

  it('is used as a folder of one’s own too, its stages then by resolution: the card’s by other names', async () => {
    const progress = recorded();
    const own = await loadBackbone(`tfjs:${from}`, { progress, upTo });
    const card = await loadBackbone('mobilenet-v1', { progress: silent, from, upTo, cache: await temporaryFolder() });
    const renamed = card.network.layers.map((layer) => ({ ...layer, stage: layer.stage.replace('conv', 'stage') }));
    expect(own.network.layers).toEqual(renamed);
    expect(own.sha256).toBe(card.sha256);
    expect(progress.lines).toEqual([
      expect.stringContaining('has no card.yaml: input taken as (rgb − 127.5) / 127.5, stages by resolution'),
    ]);
  });
});
