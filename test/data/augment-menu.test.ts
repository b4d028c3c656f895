import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AugmentOptions, augment, drawAugmentation } from '../../src/data/augment.js';
import { type Affine, compose } from '../../src/data/augment-affine.js';
import { blur } from '../../src/data/augment-blur.js';
import { turnHue } from '../../src/data/augment-colour.js';
import { type CropOptions, cropAffine, drawCrop } from '../../src/data/augment-crop.js';
import { drawErasure, type EraseOptions, erase } from '../../src/data/augment-erase.js';
import { drawRandAugment, RAND_OPERATIONS, type RandOperation, randOperation } from '../../src/data/augment-rand.js';
import { applyStep, type ViewStep } from '../../src/data/augment-steps.js';
import { randomStream } from '../../src/data/random.js';
import { augmentSchema } from '../../src/recipe/augment.js';

const golden = JSON.parse(readFileSync(new URL('../golden/augment-menu.json', import.meta.url), 'utf8')) as {
  images: Record<string, { side: number; pixels: number[] }>;
  pillow: { image: string; step: ViewStep; view: number[] }[];
  mapSide: number;
  picture: number[];
  maps: { op: RandOperation; magnitude: number; view: number[]; inside: number[] }[];
  hues: { turn: number; view: number[] }[];
  blurs: { sigma: number; view: number[] }[];
};
const still: AugmentOptions = { flip: 0, scale: [1, 1], aspect: 0, rotation: 0, shift: 0, colour: 0 };
const everything: AugmentOptions = {
  ...{ flip: 0.5, scale: [0.9, 1.1], aspect: 0.1, rotation: 10, shift: 0.1, colour: 0.2 },
  ...{ flipVertical: 0.5, crop: { area: [0.2, 1], ratio: [0.75, 4 / 3] }, hue: 0.1, grey: 0.3 },
  randAugment: { operations: 2, magnitude: 9, of: RAND_OPERATIONS },
  blur: { probability: 0.5, sigma: [0.1, 2] },
  erase: { probability: 0.5, area: [0.02, 0.33], ratio: [0.3, 3.3], fill: 'noise' },
};

function noise(side: number, seed = 3): Uint8Array {
  const stream = randomStream(seed, 'shuffle');
  return Uint8Array.from({ length: side * side * 3 }, () => stream.below(256));
}
function picture(name: string): { side: number; bytes: Uint8Array } {
  const { side, pixels } = golden.images[name] as { side: number; pixels: number[] };
  return { side, bytes: Uint8Array.from(pixels) };
}
function view(source: Uint8Array, side: number, options: AugmentOptions, place = 0, aspect = 1): Uint8Array {
  const target = new Uint8Array(source.length);
  augment(source, side, drawAugmentation(options, 5, 2, place, { side, aspect }), target);
  return target;
}
const apart = (found: Uint8Array, expected: readonly number[]) =>
  Math.max(...expected.map((value, i) => Math.abs(value - (found[i] as number))));

describe('the operations of RandAugment', () => {
  it.each(golden.pillow.map((one) => ({ ...one, name: `${JSON.stringify(one.step)} of ${one.image}` })))(
    'equal Pillow byte by byte: $name',
    ({ image, step, view: expected }) => {
      const { side, bytes } = picture(image);
      applyStep(bytes, side, step);
      expect([...bytes]).toEqual(expected);
    },
  );

  it.each(golden.maps)('move the picture as Pillow does: $op at $magnitude', ({ op, magnitude, view: expected, inside }) => {
    const side = golden.mapSide;
    const drawn = randOperation(op, magnitude, 1);
    const affine = (drawn as { map: Affine }).map;
    const source = Uint8Array.from(golden.picture);
    const found = new Uint8Array(source.length);
    augment(source, side, { affine, brightness: 0, contrast: 1, saturation: 1 }, found);
    const compared = inside.flatMap((cover, pixel) => (cover === 255 ? [pixel] : []));
    expect(compared.length).toBeGreaterThan((side * side) / 5);
    const worst = Math.max(
      ...compared.flatMap((pixel) =>
        [0, 1, 2].map((c) => Math.abs((found[pixel * 3 + c] as number) - (expected[pixel * 3 + c] as number))),
      ),
    );
    expect(worst).toBeLessThanOrEqual(1); // Pillow rounds its weights
  });

  it('are drawn equally often, with both signs, and identity changes nothing', () => {
    const stream = randomStream(4, 'augment-rand');
    const draws = Array.from({ length: 7000 }, () =>
      drawRandAugment({ operations: 1, magnitude: 30, of: RAND_OPERATIONS }, stream),
    );
    const names = draws.flatMap(({ steps }) => steps.map(({ name }) => name));
    for (const name of ['brightness', 'posterize', 'equalize']) {
      expect(Math.abs(names.filter((one) => one === name).length - 500)).toBeLessThan(90); // 4 standard deviations
    }
    expect(Math.abs(draws.filter(({ maps }) => maps.length === 1).length - 2500)).toBeLessThan(165);
    expect(Math.abs(draws.filter(({ maps, steps }) => maps.length + steps.length === 0).length - 500)).toBeLessThan(90);
    const factors = draws.flatMap(({ steps }) => steps.flatMap((step) => (step.name === 'contrast' ? [step.factor] : [])));
    expect([...new Set(factors.map((factor) => factor.toFixed(3)))].sort()).toEqual(['0.100', '1.900']);
  });

  it('have the strengths of torchvision at its default magnitude of 9', () => {
    expect(randOperation('posterize', 9, 1)).toEqual({ step: { name: 'posterize', bits: 7 } });
    expect(randOperation('solarize', 9, -1)).toEqual({ step: { name: 'solarize', threshold: 178.5 } });
    expect(randOperation('brightness', 9, -1)).toEqual({ step: { name: 'brightness', factor: 1 - 0.27 } });
    expect(randOperation('identity', 30, 1)).toBeUndefined();
  });

  it('of the recipe are those that there are', () => {
    expect(augmentSchema.parse({ randAugment: {} }).randAugment?.of).toEqual([...RAND_OPERATIONS]);
  });
});

describe('hue and blur', () => {
  it.each(golden.hues)('turn the hue by $turn as colorsys does', ({ turn, view: expected }) => {
    const { bytes } = picture('noise');
    turnHue(bytes, turn);
    expect(apart(bytes, expected)).toBeLessThan(0.501);
  });

  it.each(golden.blurs)('blur with σ $sigma as PyTorch convolves', ({ sigma, view: expected }) => {
    const { side, bytes } = picture('noise');
    blur(bytes, side, sigma);
    expect(apart(bytes, expected)).toBeLessThan(0.502);
  });

  it('keep an image of one pixel', () => {
    const bytes = Uint8Array.of(10, 200, 30);
    blur(bytes, 1, 2);
    expect([...bytes]).toEqual([10, 200, 30]);
  });
});

describe('a crop', () => {
  const options: CropOptions = { area: [0.08, 0.6], ratio: [0.75, 4 / 3] };

  it.each([1, 0.5, 2.5])(
    'of an image of aspect %f has the area and the ratio that were asked for, in the photo as it was',
    (aspect) => {
      const stream = randomStream(8, 'augment-crop');
      const boxes = Array.from({ length: 3000 }, () => drawCrop(options, aspect, stream));
      const areas = boxes.map(({ width, height }) => width * height);
      const ratios = boxes.map(({ width, height }) => (width * aspect) / height);
      for (const { left, top, width, height } of boxes) {
        expect(left).toBeGreaterThanOrEqual(0);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(left + width).toBeLessThanOrEqual(1 + 1e-12);
        expect(top + height).toBeLessThanOrEqual(1 + 1e-12);
      }
      expect(Math.min(...areas)).toBeGreaterThanOrEqual(0.08 - 1e-9);
      expect(Math.max(...areas)).toBeLessThanOrEqual(0.6 + 1e-9);
      expect(Math.min(...areas)).toBeLessThan(0.09);
      expect(Math.min(...ratios)).toBeGreaterThanOrEqual(0.75 - 1e-9);
      expect(Math.max(...ratios)).toBeLessThanOrEqual(4 / 3 + 1e-9);
      // Log-uniform: as often below 1 as above, where every draw fits.
      if (aspect === 1) expect(Math.abs(ratios.filter((ratio) => ratio < 1).length - 1500)).toBeLessThan(110);
    },
  );

  it('that never fits is the largest in the middle with a ratio of the range', () => {
    const stream = randomStream(8, 'augment-crop');
    // A panorama of 4:1 of which all is wanted, at a ratio of at most 4:3: its height, and a third of its width.
    const wide = drawCrop({ area: [1, 1], ratio: [0.75, 4 / 3] }, 4, stream);
    expect(wide).toMatchObject({ top: 0, width: 1 / 3, height: 1 });
    expect(wide.left).toBeCloseTo(1 / 3, 12);
    const tall = drawCrop({ area: [1, 1], ratio: [0.75, 4 / 3] }, 0.25, stream);
    expect(tall.width).toBe(1);
    expect(tall.height).toBeCloseTo(1 / 3, 12);
  });

  it('shows exactly the pixels of its box', () => {
    const side = 8;
    const source = noise(side);
    const found = new Uint8Array(source.length);
    // The lower right quarter, twice as large: every second pair of view pixels straddles one pixel's centre by a quarter.
    const affine = cropAffine({ left: 0.5, top: 0.5, width: 0.5, height: 0.5 });
    augment(source, side, { affine, brightness: 0, contrast: 1, saturation: 1 }, found);
    const at = (y: number, x: number) => source[(Math.min(7, y) * side + Math.min(7, x)) * 3] as number;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const [py, px] = [3.75 + y / 2, 3.75 + x / 2].map((p) => Math.min(7, p)) as [number, number];
        const [v, u] = [py % 1, px % 1];
        const [top, left] = [Math.floor(py), Math.floor(px)];
        const expected =
          at(top, left) * (1 - u) * (1 - v) +
          at(top, left + 1) * u * (1 - v) +
          at(top + 1, left) * (1 - u) * v +
          at(top + 1, left + 1) * u * v;
        expect(Math.abs((found[(y * side + x) * 3] as number) - expected)).toBeLessThan(0.501);
      }
    }
  });

  it('is composed with the other maps as if one were looked up after the other', () => {
    const [outer, inner]: [Affine, Affine] = [
      [0.5, 0.1, 0.2, -0.3, 0.8, 0.05],
      [0, -1, 0.4, 1, 0.2, -0.6],
    ];
    const apply = ([a, b, c, d, e, f]: Affine, [x, y]: [number, number]): [number, number] => [
      a * x + b * y + c,
      d * x + e * y + f,
    ];
    const [x, y] = apply(compose(outer, inner), [0.3, -0.7]);
    const expected = apply(outer, apply(inner, [0.3, -0.7]));
    expect(x).toBeCloseTo(expected[0], 12);
    expect(y).toBeCloseTo(expected[1], 12);
  });
});

describe('erasing', () => {
  const options: EraseOptions = { probability: 1, area: [0.02, 0.33], ratio: [0.3, 3.3], fill: 'black' };

  it('draws rectangles by the rule of torchvision, inside the view', () => {
    const stream = randomStream(2, 'augment-erase');
    const side = 64;
    const all = Array.from({ length: 2000 }, () => drawErasure(options, side, stream));
    const found = all.filter((one) => one !== undefined);
    expect(found.length).toBeGreaterThan(1990);
    for (const { top, left, height, width } of found) {
      expect(top + height).toBeLessThanOrEqual(side);
      expect(left + width).toBeLessThanOrEqual(side);
      const share = (height * width) / side ** 2;
      expect(share).toBeGreaterThan(0.02 * 0.85); // rounded to whole pixels
      expect(share).toBeLessThan(0.33 * 1.05);
      expect(height / width).toBeGreaterThan(0.3 * 0.8);
      expect(height / width).toBeLessThan(3.3 * 1.2);
    }
    const never = Array.from({ length: 500 }, () => drawErasure({ ...options, probability: 0.3 }, side, stream));
    expect(Math.abs(never.filter((one) => one !== undefined).length - 150)).toBeLessThan(42);
  });

  it.each(['black', 'mean', 'noise'] as const)('fills its rectangle with %s and leaves the rest', (fill) => {
    const side = 16;
    const before = noise(side);
    const bytes = before.slice();
    const drawn = drawErasure({ ...options, fill }, side, randomStream(9, 'augment-erase'));
    if (drawn === undefined) throw new Error('nothing drawn');
    erase(bytes, side, drawn);
    const means = [0, 1, 2].map((c) => Math.round(before.reduce((sum, v, i) => sum + (i % 3 === c ? v : 0), 0) / side ** 2));
    const values = new Set<number>();
    for (let i = 0; i < bytes.length; i++) {
      const [y, x] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side];
      const inside = y >= drawn.top && y < drawn.top + drawn.height && x >= drawn.left && x < drawn.left + drawn.width;
      if (!inside) expect(bytes[i]).toBe(before[i]);
      else if (fill === 'black') expect(bytes[i]).toBe(0);
      else if (fill === 'mean') expect(bytes[i]).toBe(means[i % 3]);
      else values.add(bytes[i] as number);
    }
    if (fill === 'noise') expect(values.size).toBeGreaterThan(10);
  });
});

describe('a view', () => {
  it('of the recipes that there were before has the very bytes that it had', () => {
    const source = noise(128);
    const hash = (options: AugmentOptions) => {
      const sum = createHash('sha256');
      const target = new Uint8Array(source.length);
      for (let place = 0; place < 40; place++) {
        augment(source, 128, drawAugmentation(options, 7, 3, place), target);
        sum.update(target);
      }
      return sum.digest('hex');
    };
    // Taken from the version before the menu; the recipe's schema fills in the rest.
    expect(hash(augmentSchema.parse({}))).toBe('0df5a88b0845b3b9f7b2eeb257ca47519bace4c4834eb106c18626ce72df2743');
    const photos = { flip: 0.5, scale: [0.7, 1.05], aspect: 0.1, rotation: 10, shift: 0.08, colour: 0.2 };
    expect(hash(augmentSchema.parse(photos))).toBe('9e3aadd7eae1f6c358b681672a91c5a5d4af7440bd29e16eb2c8d2f488c2e901');
  });

  it('turned upside down is the image with its rows reversed', () => {
    const side = 9;
    const source = noise(side);
    const row = side * 3;
    const expected = Array.from({ length: side }, (_, y) => [...source.subarray((side - 1 - y) * row, (side - y) * row)]).flat();
    expect([...view(source, side, { ...still, flipVertical: 1 })]).toEqual(expected);
  });

  it('gets no other crop, zoom or colour when a further change is switched on', () => {
    const size = { side: 32, aspect: 1.5 };
    const { steps: _, affine, ...colours } = drawAugmentation({ ...everything, randAugment: null }, 5, 1, 7, size);
    const more = drawAugmentation({ ...everything, randAugment: null, blur: null, erase: null, grey: 1 }, 5, 1, 7, size);
    expect(more.affine).toEqual(affine);
    expect(more).toMatchObject(colours);
  });

  it('with everything on is a pure function of seed, epoch and place', () => {
    const source = noise(24);
    const first = Array.from({ length: 12 }, (_, place) => view(source, 24, everything, place, 1.4));
    const again = Array.from({ length: 12 }, (_, i) => view(source, 24, everything, 11 - i, 1.4)).reverse();
    expect(again).toEqual(first);
    expect(new Set(first.map((bytes) => Buffer.from(bytes).toString('latin1'))).size).toBe(12);
  });

  it('is made in the order crop, colours, hue, grey, RandAugment, blur, erasing', () => {
    const all = {
      ...everything,
      grey: 1,
      blur: { probability: 1, sigma: [1, 1] },
      erase: { ...everything.erase, probability: 1 },
    } as AugmentOptions;
    const of = { operations: 1, magnitude: 9, of: ['solarize'] } as const;
    const draw = drawAugmentation({ ...all, randAugment: of }, 1, 1, 1, { side: 32, aspect: 1 });
    expect(draw.steps?.map(({ name }) => name)).toEqual(['hue', 'grey', 'solarize', 'blur', 'erase']);
  });
});
