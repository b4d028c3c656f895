/** Features do not depend on how many images a call has, nor on when that changes. */
import { describe, expect, it, vi } from 'vitest';
import { openEmbedder } from '../../src/run/embedder.js';
import { computeFeatures } from '../../src/train/features.js';
import { forwardBy, openForward } from '../../src/train/forward.js';
import { createFeatureProgram, weightsOf } from '../../src/train/trainer.js';
import { formulaHead, formulaNetwork, SIDE } from './formula.js';

/** As if the fastest were another size each time. */
const SIZES = [64, 16, 128, 128, 32, 64, 7];
vi.mock('../../src/train/batch-search.js', () => ({
  FEATURE_BATCH: 64,
  BatchSearch: class {
    private calls = 0;
    get size() {
      return SIZES[Math.min(this.calls, SIZES.length - 1)];
    }
    took() {
      this.calls++;
    }
  },
}));

const IMAGES = 500;
const BYTES = SIDE * SIDE * 3;
const network = formulaNetwork();
const weights = weightsOf(network);
const pixels = Uint8Array.from({ length: IMAGES * BYTES }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
const imageOf = (image: number) => pixels.subarray(image * BYTES, (image + 1) * BYTES);
const order = Int32Array.from({ length: IMAGES }, (_, i) => (i * 7) % IMAGES);
const source = {
  read: (sample: number, target: Uint8Array) => target.set(imageOf(sample)),
  labelOf: (sample: number) => sample,
  side: SIDE,
  dimensions: network.features,
};

/** One image a call. */
async function oneByOne() {
  const program = createFeatureProgram('traced', network, weights, 1, SIDE);
  const features = await computeFeatures(forwardBy(program, 1), source, order);
  program.close();
  return features;
}

describe('a forward pass whose batch changes', () => {
  it('gives the same features as image by image', async () => {
    const forward = openForward({ network, weights, side: SIDE, most: IMAGES });
    const batches: number[] = [];
    const watched = {
      get batch() {
        return forward.batch;
      },
      run(inputs: Parameters<typeof forward.run>[0], left: number) {
        batches.push(forward.batch);
        return forward.run(inputs, left);
      },
    };
    const features = await computeFeatures(watched, source, order);
    forward.close();
    expect(batches).toEqual([64, 16, 128, 128, 32, 64, 7, 7, ...Array(8).fill(7)]);
    const expected = await oneByOne();
    expect(new Set(expected.values).size).toBeGreaterThan(IMAGES);
    expect(features).toEqual(expected);
  });

  it('gives the same embeddings as image by image', async () => {
    const head = { ...formulaHead(5), inputs: network.features, outputs: 5 };
    const embedder = openEmbedder({ network, weights, head, side: SIDE }, IMAGES);
    for (const sample of order) embedder.add(imageOf(sample));
    const embedded = embedder.finish();
    embedder.close();
    const { values } = await oneByOne();
    expect(embedded).toHaveLength(IMAGES * 5);
    for (const row of [0, 63, 64, 79, 80, 336, 499]) {
      const features = values.subarray(row * network.features, (row + 1) * network.features);
      const raw = Array.from(head.bias, (bias, o) =>
        features.reduce((sum, value, i) => sum + value * (head.kernel[i * 5 + o] as number), bias),
      );
      const length = Math.hypot(...raw);
      for (const [o, value] of raw.entries()) expect(embedded[row * 5 + o]).toBeCloseTo(value / length, 5);
    }
  });
});
