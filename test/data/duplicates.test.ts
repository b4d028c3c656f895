import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Appearance,
  appearanceOf,
  greyInColourClasses,
  nearlyUniform,
  tooDark,
  tooSmall,
  unusualProportions,
} from '../../src/data/appearance.js';
import { decodeImage } from '../../src/data/decode.js';
import { nearHashes } from '../../src/data/hash-index.js';
import { sharp } from '../../src/data/image-library.js';
import { differingBits, perceptualHash } from '../../src/data/perceptual-hash.js';

interface Golden {
  side: number;
  a: number;
  b: number;
  c: number;
  hash: string;
}
const goldens = JSON.parse(readFileSync(new URL('../golden/perceptual-hash.json', import.meta.url), 'utf8')) as Golden[];

function computed({ side, a, b, c }: Omit<Golden, 'hash'>): Uint8Array {
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++)
      pixels.set([(x * a + y * b) % 256, (x * y * c) % 256, (x * x + c * y) % 256], (y * side + x) * 3);
  }
  return pixels;
}

const hex = ([high, low]: readonly [number, number]) => high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
const distance = (a: readonly [number, number], b: readonly [number, number]) =>
  differingBits(a[0], b[0]) + differingBits(a[1], b[1]);

/** A picture with shapes in it, drawn by numbers. */
const drawing = (seed: number, width = 240, height = 180) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 240 180"><rect width="240" height="180" fill="hsl(${seed * 57},60%,70%)"/>${Array.from(
      { length: 6 },
      (_, i) =>
        `<circle cx="${(seed * 71 + i * 53) % 240}" cy="${(seed * 37 + i * 89) % 180}" r="${15 + ((seed * 13 + i * 17) % 40)}" fill="hsl(${(seed * 91 + i * 77) % 360},70%,${25 + ((seed * 7 + i * 23) % 60)}%)"/>`,
    ).join('')}</svg>`,
  );

describe('the perceptual hash', () => {
  it("is imagehash's phash of the 32 × 32 grey grid (golden)", () => {
    for (const golden of goldens) expect(hex(perceptualHash(computed(golden), golden.side))).toBe(golden.hash);
  });

  it('changes by few bits when an image is compressed, halved or made lighter, and by many to another image', async () => {
    const hashOf = async (file: Uint8Array) => perceptualHash(await decodeImage(file, 64), 64);
    const originals: [number, number][] = [];
    for (let seed = 1; seed <= 12; seed++) {
      const hash = await hashOf(await sharp(drawing(seed)).png().toBuffer());
      for (const copy of [
        await sharp(drawing(seed)).jpeg({ quality: 30 }).toBuffer(),
        await sharp(drawing(seed)).resize(120).png().toBuffer(),
        await sharp(drawing(seed)).modulate({ brightness: 1.15 }).png().toBuffer(),
      ]) {
        expect(distance(hash, await hashOf(copy))).toBeLessThanOrEqual(6);
      }
      for (const other of originals) expect(distance(hash, other)).toBeGreaterThan(12);
      originals.push(hash);
    }
  });

  it('counts differing bits as a loop does', () => {
    const run = fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (a, b) => {
      let count = 0;
      for (let bit = 0; bit < 32; bit++) if (((a >>> bit) & 1) !== ((b >>> bit) & 1)) count++;
      expect(differingBits(a, b)).toBe(count);
    });
    fc.assert(run);
  });
});

describe('nearHashes', () => {
  // Hashes near to a few centres, so that all distances occur, and equal ones.
  const hashes = fc
    .array(fc.tuple(fc.nat(3), fc.array(fc.nat(63), { maxLength: 9 })), { minLength: 2, maxLength: 40 })
    .map((list) =>
      list.map(([centre, flips]): [number, number] => {
        const words: [number, number] = [Math.imul(centre, 0x9e3779b9) >>> 0, Math.imul(centre, 0x85ebca6b) >>> 0];
        for (const bit of flips) words[bit >> 5] = ((words[bit >> 5] as number) ^ (1 << (bit & 31))) >>> 0;
        return words;
      }),
    );

  it('finds the pairs that comparing all with all finds; of equal hashes each is paired with the first', () => {
    const run = fc.property(hashes, fc.integer({ min: 0, max: 12 }), (list, radius) => {
      const first = list.map((hash) => list.findIndex((other) => hex(other) === hex(hash)));
      const expected: [number, number, number][] = [];
      for (let a = 0; a < list.length; a++) {
        for (let b = a + 1; b < list.length; b++) {
          const bits = distance(list[a] as [number, number], list[b] as [number, number]);
          const heads = first[a] === a && first[b] === b;
          if (bits <= radius && (heads || (bits === 0 && first[b] === a))) expected.push([a, b, bits]);
        }
      }
      expect(nearHashes(Uint32Array.from(list.flat()), radius)).toEqual(expected);
    });
    fc.assert(run, { numRuns: 60 });
  });

  it('pairs 60,000 images in seconds, also where 20,000 of them are blank', () => {
    const words = new Uint32Array(120_000);
    for (let i = 40_000; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b9) ^ Math.imul(i ^ 0x5bd1e995, 0x85ebca6b);
    // Time of the processor: the machine may be busy with other tests.
    const before = process.cpuUsage();
    const pairs = nearHashes(words, 11);
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(30);
    expect(pairs.filter(([a, , bits]) => a === 0 && bits === 0)).toHaveLength(19_999);
  });
});

describe('the look of an image', () => {
  const looks = (...of: Partial<Appearance>[]): Appearance[] =>
    of.map((look) => ({ brightness: 120, contrast: 50, chroma: 40, ...look }));

  it('is the mean and the deviation of its luma, and how far its channels lie apart', () => {
    // two pixels: red (255, 0, 0) of luma 76.245, grey 100: mean 88.1225, deviation half the difference
    const { brightness, contrast, chroma } = appearanceOf(Uint8Array.of(255, 0, 0, 100, 100, 100));
    expect(brightness).toBeCloseTo(88.1225, 9);
    expect(contrast).toBeCloseTo((100 - 76.245) / 2, 9);
    expect(chroma).toBe(127.5);
  });

  it('tells blank from dark', () => {
    const all = looks({}, { contrast: 2 }, { brightness: 9, contrast: 8 }, { brightness: 1, contrast: 0.4 });
    expect(nearlyUniform(all)).toEqual([1, 3]);
    expect(tooDark(all)).toEqual([2]);
  });

  it('is surprised by grey in a class of colour, not in a class of greys nor in a tiny one', () => {
    const grey = { chroma: 0.5 };
    const all = looks({}, {}, {}, {}, grey, grey, grey, grey, grey, {}, grey, {});
    const labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2];
    expect(greyInColourClasses(all, labels)).toEqual([4]);
  });

  it('is surprised by a panorama, the most unusual first, and by nothing where every image is of another shape', () => {
    const upright = { width: 300, height: 400 };
    const frames = [
      ...Array.from({ length: 9 }, () => upright),
      { width: 1000, height: 500 },
      undefined,
      { width: 90, height: 900 },
    ];
    const { outliers, usual } = unusualProportions(frames);
    expect(outliers).toEqual([11, 9]);
    expect(usual).toBeCloseTo(0.75, 9);
    const mixed = Array.from({ length: 8 }, (_, i) => ({ width: 100 * 4 ** (i % 2), height: 100 }));
    expect(unusualProportions(mixed).outliers).toEqual([]);
  });

  it('is too small below half of what the network sees', () => {
    const frames = [{ width: 79, height: 500 }, { width: 80, height: 80 }, undefined];
    expect(tooSmall(frames, 160)).toEqual([0]);
  });
});
