import { describe, expect, it } from 'vitest';
import { align } from '../../src/data/alignment.js';
import { createDataset } from '../../src/data/dataset.js';
import { decodeImage } from '../../src/data/decode.js';
import { detailSide } from '../../src/data/detail.js';
import { sharp } from '../../src/data/image-library.js';
import { greyGrid, perceptualHash } from '../../src/data/perceptual-hash.js';
import { duplicateSets } from '../../src/inspect/duplicate-sets.js';
import { type NearRule, nearPairs } from '../../src/inspect/near-pairs.js';

/** A picture with shapes in it, drawn by numbers. */
const drawing = (seed: number) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="180"><rect width="240" height="180" fill="hsl(${seed * 57},60%,70%)"/>${Array.from(
        { length: 9 },
        (_, i) =>
          `<circle cx="${(seed * 71 + i * 53) % 240}" cy="${(seed * 37 + i * 89) % 180}" r="${12 + ((seed * 13 + i * 17) % 34)}" fill="hsl(${(seed * 91 + i * 77) % 360},70%,${20 + ((seed * 7 + i * 31) % 65)}%)"/>`,
      ).join('')}</svg>`,
    ),
  );

/** Dark trousers on a light floor of tiles; plain ones with folds, or striped ones of another cut. */
const garment = (kind: 'plain' | 'striped') => {
  const marks = Array.from({ length: 14 }, (_, i) =>
    kind === 'plain'
      ? `<path d="M${72 + ((i * 29) % 96)} ${30 + ((i * 47) % 110)} l${(i % 5) - 2} 22" stroke="#666" stroke-width="3"/>`
      : `<path d="M70 ${34 + i * 9} h100" stroke="#555" stroke-width="4"/>`,
  ).join('');
  const cut =
    kind === 'plain' ? 'M70 20 H170 L175 165 H130 L120 70 L110 165 H65 Z' : 'M76 15 H163 L170 158 H134 L122 80 L112 160 H72 Z';
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="180"><rect width="240" height="180" fill="#ddd"/><path d="M0 60 H240 M0 130 H240 M50 0 V180 M190 0 V180" stroke="#bbb" stroke-width="2"/><clipPath id="c"><path d="${cut}"/></clipPath><g clip-path="url(#c)"><rect width="240" height="180" fill="#222"/>${marks}</g></svg>`,
    ),
  );
};

const side = 64;
const gridOf = async (image: ReturnType<typeof drawing>) => greyGrid(await decodeImage(await image.png().toBuffer(), side), side);
const rule: NearRule = { bits: 11, neighbours: 3, cosine: 0.5, neighbourCosine: 0.65, correlation: 0.93, detail: 0.65 };

describe('align', () => {
  it('finds how a copy was cropped, mirrored, compressed or made lighter', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const original = await gridOf(drawing(seed));
      // 210 × 155 of 240 × 180 is .753 of the area
      const crop = await gridOf(drawing(seed).extract({ left: 20, top: 5, width: 210, height: 155 }));
      const cropped = align(original, crop);
      expect(cropped.correlation).toBeGreaterThan(0.93);
      expect(Math.abs(cropped.area - (210 * 155) / (240 * 180))).toBeLessThan(0.05);
      expect(cropped.mirrored).toBe(false);
      const turned = align(crop, original);
      expect(turned.area).toBeCloseTo(cropped.area, 9);
      expect(align(original, await gridOf(drawing(seed).flop()))).toMatchObject({ mirrored: true, area: 1 });
      const light = align(original, await gridOf(drawing(seed).modulate({ brightness: 1.2 })));
      expect(light.correlation).toBeGreaterThan(0.93);
      expect(light.area).toBeGreaterThan(0.93);
    }
  });

  it('does not take two pictures for one', async () => {
    const grids = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => gridOf(drawing(seed))));
    grids.forEach((a, i) => {
      for (const b of grids.slice(i + 1)) expect(align(a, b).correlation).toBeLessThan(0.9);
    });
  });

  it('of a blank picture says nothing', () => {
    const blank = new Float64Array(1024).fill(128);
    expect(align(blank, blank).correlation).toBe(0);
  });
});

describe('nearPairs', () => {
  const outlinesOf = async (images: ReturnType<typeof drawing>[]) => {
    const pixels = await Promise.all(images.map(async (image) => decodeImage(await image.png().toBuffer(), side)));
    return {
      hashes: Uint32Array.from(pixels.flatMap((bytes) => perceptualHash(bytes, side))),
      grids: Uint8Array.from(pixels.flatMap((bytes) => [...greyGrid(bytes, side)].map(Math.round))),
      detail: async (index: number) => greyGrid(pixels[index] as Uint8Array, side, detailSide),
      blank: new Set<number>(),
    };
  };

  it('without features finds the copies that the hash finds; with them also a crop and a mirrored one', async () => {
    const outlines = await outlinesOf([
      drawing(1),
      drawing(2),
      drawing(1).modulate({ brightness: 1.15 }),
      drawing(2).extract({ left: 30, top: 20, width: 185, height: 140 }),
      drawing(3),
      drawing(3).flop(),
    ]);
    const named = (pairs: readonly { a: number; b: number }[]) => pairs.map(({ a, b }) => [a, b]);
    expect(named(await nearPairs(outlines, null, rule))).toEqual([[0, 2]]);
    // Features that find every pair alike: only the outlines tell which are the same.
    const others = (i: number) => [0, 1, 2, 3, 4, 5].filter((j) => j !== i);
    const indices = Int32Array.from([0, 1, 2, 3, 4, 5].flatMap(others));
    const neighbours = { each: 5, indices, similarities: new Float32Array(30).fill(0.9) };
    const all = { ...rule, neighbours: 5 };
    expect(named(await nearPairs(outlines, { neighbours, cosine: () => 0.9 }, all))).toEqual([
      [0, 2],
      [1, 3],
      [4, 5],
    ]);
    // Features that find none alike overrule the hash; blank images are in no pair.
    const none = { neighbours: { ...neighbours, similarities: new Float32Array(30) }, cosine: () => 0 };
    expect(await nearPairs(outlines, none, all)).toEqual([]);
    expect(await nearPairs({ ...outlines, blank: new Set([2]) }, null, rule)).toEqual([]);
  });

  it('does not take two garments on one floor for a copy, though their outlines agree', async () => {
    const images = [garment('plain'), garment('striped'), garment('plain').modulate({ brightness: 1.1 }).jpeg({ quality: 40 })];
    const outlines = await outlinesOf(images);
    const rows = (i: number) => outlines.grids.subarray(i * 1024, (i + 1) * 1024);
    expect(align(rows(0), rows(1)).correlation).toBeGreaterThan(rule.correlation);
    const all = { ...rule, bits: 64 };
    const named = (pairs: readonly { a: number; b: number }[]) => pairs.map(({ a, b }) => [a, b]);
    expect(named(await nearPairs(outlines, null, { ...all, detail: -1 }))).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(named(await nearPairs(outlines, null, all))).toEqual([[0, 2]]);
  });

  it('stops where it is asked to', async () => {
    const outlines = await outlinesOf([drawing(1), drawing(1)]);
    await expect(nearPairs(outlines, null, rule, { stopped: () => true })).rejects.toThrow('nothing was written');
  });
});

describe('duplicateSets', () => {
  const image = (className: string, i: number, sha256: string) => ({ file: `${className}/${i}`, className, path: '', sha256 });
  const dataset = createDataset(
    'made',
    [image('a', 0, 'x'), image('a', 1, 'x'), image('a', 2, 'p'), image('b', 3, 'q'), image('b', 4, 'r'), image('b', 5, 's')],
    [],
  );
  const alignment = (correlation: number) => ({ correlation, area: 1, mirrored: false });

  it('joins what is the same through one another, and says what it means', () => {
    const near = [
      { a: 1, b: 2, alignment: alignment(0.98) },
      { a: 3, b: 4, alignment: alignment(0.95) },
      { a: 4, b: 5, alignment: alignment(0.94) },
    ];
    const sets = duplicateSets(dataset, [[0, 1]], near, ['train', 'train', 'train', 'train', 'heldOut', 'heldOut']);
    expect(sets).toEqual([
      { samples: [0, 1, 2], exact: false, meaning: 'redundancy', weakest: alignment(0.98) },
      { samples: [3, 4, 5], exact: false, meaning: 'leakage', weakest: alignment(0.94) },
    ]);
    expect(duplicateSets(dataset, [[0, 1]], [{ a: 2, b: 3, alignment: alignment(0.99) }], [])).toEqual([
      { samples: [0, 1], exact: true, meaning: 'redundancy', weakest: null },
      { samples: [2, 3], exact: false, meaning: 'conflict', weakest: alignment(0.99) },
    ]);
  });
});
