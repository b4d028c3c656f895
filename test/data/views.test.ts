import { describe, expect, it } from 'vitest';
import { makeBatch, planEpoch } from '../../src/data/batch.js';
import type { PixelStore } from '../../src/data/pixels.js';
import { viewsOfEpoch } from '../../src/data/views.js';

const VIEWS = 3;
const batches = [Int32Array.of(4, 0, 2), Int32Array.of(1, 3, 5)];

describe('the views of an epoch', () => {
  it('take turns: over as many epochs each image shows each of them once', () => {
    const seen = new Map<number, number[]>();
    for (let epoch = 5; epoch < 5 + VIEWS; epoch++)
      viewsOfEpoch(batches, epoch, VIEWS, 7).forEach((views, at) => {
        views.forEach((view, place) => {
          const image = batches[at]?.[place] as number;
          seen.set(image, [...(seen.get(image) ?? []), view]);
        });
      });
    for (const views of seen.values()) expect([...views].sort()).toEqual([0, 1, 2]);
    expect(seen.size).toBe(6);
  });

  it('differ for an image that comes again, and images do not all begin with the same', () => {
    const [views] = viewsOfEpoch([Int32Array.of(1, 1, 1, 1)], 0, VIEWS, 7) as [Int32Array];
    expect(new Set(views.subarray(0, VIEWS)).size).toBe(VIEWS);
    expect(views[3]).toBe(views[0]);
    const first = viewsOfEpoch([Int32Array.from({ length: 300 }, (_, i) => i)], 0, VIEWS, 7)[0] as Int32Array;
    for (let view = 0; view < VIEWS; view++) {
      const share = first.filter((one) => one === view).length / 300;
      expect(share).toBeGreaterThan(0.25);
      expect(share).toBeLessThan(0.42);
    }
  });

  it('are the same pixels wherever they stand, and other ones for another view', () => {
    const side = 8;
    const store: PixelStore = {
      path: '',
      side,
      count: 6,
      description: null,
      read(image, target = new Uint8Array(side * side * 3)) {
        target.forEach((_, at) => {
          target[at] = (at * 7 + image * 31 + ((at * at) % 50)) % 256;
        });
        return target;
      },
      checksum: () => 0,
      close: () => {},
    };
    const augment = { flip: 0.5, scale: [0.7, 1], aspect: 0.1, rotation: 20, shift: 0.1, colour: 0.3 } as const;
    const pixels = (indices: number[], epoch: number, views: number[]) => {
      const [plan] = planEpoch([Int32Array.from(indices)], epoch, 0, [Int32Array.from(views)]);
      const all = makeBatch(store, { augment: { ...augment, scale: [0.7, 1] }, seed: 3 }, plan as NonNullable<typeof plan>);
      return indices.map((_, at) => Buffer.from(all.subarray(at * side * side * 3, (at + 1) * side * side * 3)).toString('hex'));
    };
    const [a, b] = pixels([2, 4], 0, [1, 1]);
    const [c, d, e] = pixels([4, 2, 2], 9, [1, 1, 2]);
    expect([c, d]).toEqual([b, a]);
    expect(e).not.toBe(d);
  });
});
