import { describe, expect, it } from 'vitest';
import { deriveSeed, philox, randomStream, shuffle } from '../../src/data/random.js';

describe('philox', () => {
  // Random123's own known-answer vectors (kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the published block for counter %j', (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox(counter, key, out);
    expect([...out]).toEqual(expected);
  });
});

describe('a random stream', () => {
  it('is the same for the same key and another one for every other seed, purpose, epoch and place', () => {
    const first = (...key: Parameters<typeof randomStream>) => randomStream(...key).word();
    expect(first(7, 'augment', 3, 1)).toBe(first(7, 'augment', 3, 1));
    const others = [
      first(8, 'augment', 3, 1),
      first(7, 'shuffle', 3, 1),
      first(7, 'augment', 4, 1),
      first(7, 'augment', 3, 2),
      first(7 + 2 ** 32, 'augment', 3, 1),
    ];
    expect(new Set([first(7, 'augment', 3, 1), ...others]).size).toBe(6);
  });

  it('is uniform: mean, variance and the count in each of 16 bins', () => {
    const stream = randomStream(1, 'augment');
    const n = 64_000;
    const bins = new Array<number>(16).fill(0);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const u = stream.uniform();
      const bin = Math.floor(u * 16);
      bins[bin] = (bins[bin] as number) + 1;
      sum += u;
      squares += u * u;
    }
    expect(sum / n).toBeCloseTo(0.5, 2);
    expect(squares / n - (sum / n) ** 2).toBeCloseTo(1 / 12, 2);
    const chiSquare = bins.reduce((total, count) => total + (count - n / 16) ** 2 / (n / 16), 0);
    expect(chiSquare).toBeLessThan(37.7); // 99.9 % of 15 degrees of freedom
  });

  it('draws below n without leaving a number out', () => {
    const stream = randomStream(2, 'shuffle');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) {
      const value = stream.below(7);
      counts[value] = (counts[value] as number) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(880);
    expect(Math.max(...counts)).toBeLessThan(1120);
  });
});

describe('shuffle', () => {
  it('is a permutation that depends on seed and epoch', () => {
    const order = shuffle(500, 3, 1);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(shuffle(500, 3, 1)).toEqual(order);
    expect(shuffle(500, 3, 2)).not.toEqual(order);
    expect(shuffle(500, 4, 1)).not.toEqual(order);
  });

  it('makes each of the 24 orders of four items equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 24_000; epoch++) {
      const order = shuffle(4, 9, epoch).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((total, count) => total + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(49.7); // 99.9 % of 23 degrees of freedom
  });
});

describe('deriveSeed', () => {
  it('gives each named part of a run a whole seed of its own', () => {
    const seeds = [deriveSeed(0, 'classification'), deriveSeed(0, 'triplet'), deriveSeed(1, 'triplet')];
    expect(new Set(seeds).size).toBe(3);
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    expect(deriveSeed(0, 'triplet')).toBe(seeds[1]);
  });
});
