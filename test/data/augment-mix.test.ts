import { describe, expect, it } from 'vitest';
import type { AugmentOptions } from '../../src/data/augment.js';
import { drawMix, type Mix, mixPixels } from '../../src/data/augment-mix.js';
import { type BatchPlan, planEpoch } from '../../src/data/batch.js';
import { scanFolder } from '../../src/data/folder.js';
import { createLoader, type LoaderOptions } from '../../src/data/loader.js';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { randomStream } from '../../src/data/random.js';
import { gammaDraw } from '../../src/data/random-gamma.js';
import { shuffledBatches } from '../../src/data/samplers.js';
import { plain, put, putTree, temporaryFolders } from './images.js';

const folder = temporaryFolders();
const mixup = { probability: 1, mixup: 0.2, cutmix: null };
const cutmix = { probability: 1, mixup: null, cutmix: 1 };
const draws = (options: Parameters<typeof drawMix>[0], count: number, side = 32) =>
  Array.from({ length: count }, (_, first) => drawMix(options, 3, 1, first, 8, side));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function noise(bytes: number): Uint8Array<ArrayBuffer> {
  const stream = randomStream(3, 'shuffle');
  return Uint8Array.from({ length: bytes }, () => stream.below(256));
}

describe('how a batch is mixed', () => {
  it.each([0.3, 1, 2.5])('has gamma draws with the mean and the variance of α = %f', (alpha) => {
    const stream = randomStream(1, 'mix');
    const values = Array.from({ length: 20_000 }, () => gammaDraw(alpha, stream));
    const average = mean(values);
    expect(Math.abs(average - alpha)).toBeLessThan(5 * Math.sqrt(alpha / 20_000));
    expect(mean(values.map((value) => (value - average) ** 2)) / alpha).toBeGreaterThan(0.9);
    expect(mean(values.map((value) => (value - average) ** 2)) / alpha).toBeLessThan(1.1);
  });

  it.each([0.2, 1, 4])('has λ from Beta(α, α): mean 1/2, variance 1/(4(2α + 1)), α = %f', (alpha) => {
    const lambdas = draws({ ...mixup, mixup: alpha }, 4000).map(({ lambda }) => lambda);
    expect(Math.abs(mean(lambdas) - 0.5)).toBeLessThan(0.03);
    const variance = mean(lambdas.map((lambda) => (lambda - 0.5) ** 2));
    expect(Math.abs(variance * 4 * (2 * alpha + 1) - 1)).toBeLessThan(0.1);
  });

  it('gives every image a partner by a permutation, and no two kinds at once', () => {
    const both = draws({ probability: 0.6, mixup: 0.4, cutmix: 1 }, 3000);
    for (const { partners } of both) expect([...partners].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const unmixed = both.filter(({ lambda, box }) => lambda === 1 && box === null).length;
    expect(Math.abs(unmixed - 1200)).toBeLessThan(110);
    const boxed = both.filter(({ box }) => box !== null).length;
    expect(Math.abs(boxed - 900)).toBeLessThan(110);
  });

  it('sets λ of CutMix to the share of pixels that stay, with boxes inside the image', () => {
    for (const { box, lambda } of draws(cutmix, 500)) {
      const { top, left, height, width } = box as NonNullable<Mix['box']>;
      expect(Math.min(top, left, height, width)).toBeGreaterThanOrEqual(0);
      expect(Math.max(top + height, left + width)).toBeLessThanOrEqual(32);
      expect(lambda).toBe(1 - (height * width) / 1024);
    }
  });

  it('depends on seed, epoch and place alone', () => {
    expect(drawMix(mixup, 3, 1, 8, 8, 32)).toEqual(drawMix(mixup, 3, 1, 8, 8, 32));
    for (const [seed, epoch, first] of [
      [4, 1, 8],
      [3, 2, 8],
      [3, 1, 16],
    ] as const) {
      expect(drawMix(mixup, seed, epoch, first, 8, 32).lambda).not.toBe(drawMix(mixup, 3, 1, 8, 8, 32).lambda);
    }
  });
});

describe('the pixels of a mixed batch', () => {
  const side = 6;
  const bytes = side * side * 3;
  const pixels = noise(3 * bytes);
  const partners = Int32Array.of(2, 0, 1);
  const at = (place: number, i: number) => pixels[place * bytes + i] as number;

  it('are blended by mixup, rounded to the nearest byte', () => {
    const mixed = mixPixels(pixels, side, { partners, lambda: 0.3, box: null });
    for (let place = 0; place < 3; place++) {
      for (let i = 0; i < bytes; i++) {
        const expected = 0.3 * at(place, i) + 0.7 * at(partners[place] as number, i);
        expect(Math.abs((mixed[place * bytes + i] as number) - expected)).toBeLessThan(0.5001);
      }
    }
  });

  it('come from the partner inside the box of CutMix and are their own outside', () => {
    const mixed = mixPixels(pixels, side, { partners, lambda: 0.5, box: { top: 1, left: 2, height: 3, width: 4 } });
    for (let place = 0; place < 3; place++) {
      for (let i = 0; i < bytes; i++) {
        const [y, x] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side];
        const inside = y >= 1 && y < 4 && x >= 2;
        expect(mixed[place * bytes + i]).toBe(at(inside ? (partners[place] as number) : place, i));
      }
    }
  });

  it('are left alone where λ is 1', () => {
    expect(mixPixels(pixels, side, { partners, lambda: 1, box: null })).toEqual(noise(3 * bytes));
  });
});

describe('a loader that mixes and crops', () => {
  const views: AugmentOptions = {
    ...{ flip: 0.5, aspect: 0, rotation: 0, shift: 0, colour: 0.1, hue: 0.1 },
    scale: [1, 1],
    crop: { area: [0.3, 1], ratio: [0.75, 4 / 3] },
    erase: { probability: 0.5, area: [0.1, 0.3], ratio: [0.5, 2], fill: 'noise' },
  };
  const all = Int32Array.from({ length: 15 }, (_, i) => i);

  async function collect(
    options: Omit<LoaderOptions, 'seed' | 'augment'>,
    plan: readonly BatchPlan[],
    root: string,
    cache: string,
  ) {
    const decoded = await cachePixels(await scanFolder(root), { side: 10, folder: cache });
    const loader = createLoader(decoded, {
      augment: views,
      seed: 5,
      mix: { probability: 0.7, mixup: 0.4, cutmix: 1 },
      ...options,
    });
    const found = [];
    for await (const batch of loader.batches(plan)) found.push(batch);
    await loader.close();
    return found;
  }

  it('gives the same bytes and partners with any number of workers, from any step, and from a cache made anew', async () => {
    const root = folder();
    await putTree(root, ['a', 'b', 'c'], 5);
    const plan = [0, 1].flatMap((epoch) => planEpoch(shuffledBatches(all, 4, 11, epoch), epoch));
    const cache = folder();
    const here = await collect({ workers: 0 }, plan, root, cache);
    expect(await collect({ workers: 2 }, plan, root, cache)).toEqual(here);
    expect(await collect({ workers: 2 }, plan.slice(2), root, folder())).toEqual(here.slice(2));
    expect(here.some(({ mix }) => mix !== undefined && mix.lambda < 1)).toBe(true);
    const unmixed = await collect({ workers: 0, mix: null }, plan, root, cache);
    expect(unmixed.every(({ mix }) => mix === undefined)).toBe(true);
    here.forEach(({ mix, pixels }, i) => {
      expect(pixels).toEqual(mixPixels(unmixed[i]?.pixels as Uint8Array<ArrayBuffer>, 10, mix as Mix));
    });
  });

  it('crops by the shape that a photo had before it was stretched', async () => {
    const root = folder();
    // Left half red, right half blue, 4 : 1. A square of the whole height sees a quarter of the width: one colour, or both.
    for (const name of ['a', 'b']) {
      const left = await plain('#f00', 40, 20).png().toBuffer();
      const photo = plain('#00f', 80, 20).composite([{ input: left, left: 0, top: 0 }]);
      await put(root, `${name}/1.png`, await photo.png().toBuffer());
    }
    const crop = { area: [0.25, 0.25], ratio: [1, 1] } as const;
    const square: AugmentOptions = { ...views, flip: 0, colour: 0, hue: 0, erase: null, crop };
    const decoded = await cachePixels(await scanFolder(root), { side: 16, folder: folder() });
    const loader = createLoader(decoded, { augment: square, seed: 1, workers: 0 });
    const plan = planEpoch([Int32Array.from({ length: 60 }, (_, i) => i % 2)], 0);
    const shares: number[] = [];
    for await (const { pixels } of loader.batches(plan)) {
      for (let place = 0; place < 60; place++) {
        const view = pixels.subarray(place * 768, (place + 1) * 768);
        shares.push(view.filter((_, i) => i % 3 === 0).reduce((sum, red) => sum + red, 0) / (255 * 256));
      }
    }
    await loader.close();
    // The crop's left edge is uniform in [0, 3/4]: it lies in one colour in two thirds of the views.
    const plainViews = shares.filter((share) => share < 0.02 || share > 0.98).length;
    expect(Math.abs(plainViews - 40)).toBeLessThan(14);
    expect(shares.filter((share) => share > 0.98).length).toBeGreaterThan(8);
  });
});
