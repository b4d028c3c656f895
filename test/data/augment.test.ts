import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AugmentDraw, type AugmentOptions, augment, drawAugmentation } from '../../src/data/augment.js';
import { randomStream } from '../../src/data/random.js';

interface Case {
  name: string;
  image: number[];
  affine: [number, number, number, number, number, number];
  brightness: number;
  contrast: number;
  saturation: number;
  view: number[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/augment.json', import.meta.url), 'utf8')) as {
  side: number;
  cases: Case[];
};
const emoji: AugmentOptions = { flip: 0.25, scale: [0.9, 1.15], aspect: 0.05, rotation: 10, shift: 0.08, colour: 0.15 };

function noise(side: number, seed: number): Uint8Array {
  const stream = randomStream(seed, 'augment');
  return Uint8Array.from({ length: side * side * 3 }, () => stream.below(256));
}

/** The definition, pixel by pixel and step by step, in double precision and with nothing put together. */
function bruteForce(source: Uint8Array, side: number, draw: AugmentDraw): number[] {
  const [a, b, c, d, e, f] = draw.affine;
  const clamp = (p: number) => Math.min(side - 1, Math.max(0, p));
  const value = (y: number, x: number, channel: number) =>
    source[(Math.min(y, side - 1) * side + Math.min(x, side - 1)) * 3 + channel] as number;
  const view: number[] = [];
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      const x = (2 * j + 1) / side - 1;
      const y = (2 * i + 1) / side - 1;
      const px = clamp(((a * x + b * y + c + 1) * side - 1) / 2);
      const py = clamp(((d * x + e * y + f + 1) * side - 1) / 2);
      const [x0, y0] = [Math.floor(px), Math.floor(py)];
      for (let channel = 0; channel < 3; channel++) {
        const top = value(y0, x0, channel) * (x0 + 1 - px) + value(y0, x0 + 1, channel) * (px - x0);
        const bottom = value(y0 + 1, x0, channel) * (x0 + 1 - px) + value(y0 + 1, x0 + 1, channel) * (px - x0);
        view.push(top * (y0 + 1 - py) + bottom * (py - y0));
      }
    }
  }
  const saturated = view.map((v, i) => {
    const at = i - (i % 3);
    const grey = ((view[at] as number) + (view[at + 1] as number) + (view[at + 2] as number)) / 3;
    return grey + (v - grey) * draw.saturation;
  });
  const mean = saturated.reduce((sum, v) => sum + v, 0) / saturated.length;
  return saturated.map((v) => Math.min(255, Math.max(0, mean + (v - mean) * draw.contrast + draw.brightness * 128)));
}

describe('augment', () => {
  it.each(golden.cases)('equals PyTorch to the rounding: $name', ({ image, view, ...draw }) => {
    const target = new Uint8Array(image.length);
    augment(Uint8Array.from(image), golden.side, draw, target);
    const worst = Math.max(...view.map((value, i) => Math.abs(value - (target[i] as number))));
    expect(worst).toBeLessThan(0.502); // half a grey level of rounding, and float32
  });

  it('equals the loop over the definition for drawn views', () => {
    const side = 20;
    for (let place = 0; place < 12; place++) {
      const source = noise(side, place);
      const draw = drawAugmentation({ ...emoji, scale: [0.6, 1.4], shift: 0.5, colour: 0.4 }, 1, 0, place);
      const target = new Uint8Array(source.length);
      augment(source, side, draw, target);
      const expected = bruteForce(source, side, draw);
      expect(Math.max(...expected.map((value, i) => Math.abs(value - (target[i] as number))))).toBeLessThan(0.501);
    }
  });

  it('writes inside its own part of a batch only', () => {
    const side = 6;
    const batch = new Uint8Array(3 * 108).fill(9);
    augment(noise(side, 1), side, drawAugmentation(emoji, 1, 0, 0), batch.subarray(108, 216));
    expect([...batch.subarray(0, 108), ...batch.subarray(216)].every((byte) => byte === 9)).toBe(true);
    expect(new Set(batch.subarray(108, 216)).size).toBeGreaterThan(20);
  });
});

describe('drawAugmentation', () => {
  it('depends on seed, epoch and place alone', () => {
    const draw = drawAugmentation(emoji, 1, 2, 3);
    expect(drawAugmentation(emoji, 1, 2, 3)).toEqual(draw);
    for (const other of [drawAugmentation(emoji, 2, 2, 3), drawAugmentation(emoji, 1, 3, 3), drawAugmentation(emoji, 1, 2, 4)]) {
      expect(other).not.toEqual(draw);
    }
  });

  it('stays in the ranges of the recipe and fills them', () => {
    const draws = Array.from({ length: 4000 }, (_, place) => drawAugmentation(emoji, 5, 0, place));
    const parts = draws.map(({ affine: [a, b, c, d, e, f], brightness, contrast, saturation }) => ({
      mirrored: a < 0 ? 1 : 0,
      rotation: (Math.atan2(-b, e) * 180) / Math.PI,
      width: Math.hypot(a, d),
      height: Math.hypot(b, e),
      right: c,
      down: f,
      brightness,
      contrast,
      saturation,
    }));
    const range = (key: keyof (typeof parts)[number]) => {
      const values = parts.map((part) => part[key]);
      return [Math.min(...values), Math.max(...values), values.reduce((sum, value) => sum + value, 0) / values.length] as const;
    };
    const expectRange = (key: keyof (typeof parts)[number], low: number, high: number) => {
      const [least, most, mean] = range(key);
      const width = high - low;
      expect(least).toBeGreaterThanOrEqual(low - 1e-9);
      expect(most).toBeLessThanOrEqual(high + 1e-9);
      expect(least).toBeLessThan(low + 0.01 * width);
      expect(most).toBeGreaterThan(high - 0.01 * width);
      expect(Math.abs(mean - (low + high) / 2)).toBeLessThan(0.02 * width);
    };
    expectRange('rotation', -10, 10);
    expectRange('right', -0.08, 0.08);
    expectRange('down', -0.08, 0.08);
    expectRange('brightness', -0.15, 0.15);
    expectRange('contrast', 0.85, 1.15);
    expectRange('saturation', 0.85, 1.15);
    expect(range('mirrored')[2]).toBeCloseTo(0.25, 1);
    const [narrowest, widest] = range('width');
    expect(narrowest).toBeGreaterThan(0.9 * Math.exp(-0.05));
    expect(widest).toBeLessThan(1.15 * Math.exp(0.05));
    // One zoom for both sides; each has a stretch of its own of at most e^±0.05.
    const stretch = parts.map(({ width, height }) => Math.log(width / height));
    expect(Math.max(...stretch)).toBeLessThanOrEqual(0.1);
    expect(Math.max(...stretch)).toBeGreaterThan(0.08);
  });

  it('changes nothing where the recipe allows nothing', () => {
    const image = noise(9, 4);
    const target = new Uint8Array(image.length);
    const draw = drawAugmentation({ flip: 0, scale: [1, 1], aspect: 0, rotation: 0, shift: 0, colour: 0 }, 1, 1, 1);
    augment(image, 9, draw, target);
    expect(target).toEqual(image);
  });
});
