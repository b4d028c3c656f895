import { describe, expect, it } from 'vitest';
import { align, alignSide, type Frame, type Overlay } from '../../src/data/alignment.js';
import { detailAgreement, detailSide } from '../../src/data/detail.js';
import { greyGrid } from '../../src/data/perceptual-hash.js';
import { randomStream } from '../../src/data/random.js';

const pixelSide = 128;

/** A picture as a function of the place, 0 to 1 each: a common outline, and detail by its seed. */
type Picture = (x: number, y: number) => number;

/** Smooth noise of waves about as long as four cells of the detail grid. */
function picture(seed: number, outline: number): Picture {
  const stream = randomStream(seed, 'derive', 1);
  const waves = Array.from({ length: 24 }, () => {
    const angle = stream.uniform() * Math.PI;
    const frequency = 2 * Math.PI * (12 + 4 * stream.uniform());
    return [frequency * Math.cos(angle), frequency * Math.sin(angle), stream.uniform() * 2 * Math.PI] as const;
  });
  return (x, y) => {
    // A soft edge: what is left of the outline in the detail is little.
    const inside = Math.tanh(12 * (Math.hypot((x - 0.45) / 0.8, y - 0.5) - 0.35));
    return 128 + outline * inside + waves.reduce((sum, [u, v, phase]) => sum + 2.5 * Math.cos(u * x + v * y + phase), 0);
  };
}

/** RGB bytes of a part of a picture. */
function drawn(of: Picture, [left, top, right, bottom]: Frame = [0, 0, 1, 1]): Uint8Array {
  const bytes = new Uint8Array(pixelSide * pixelSide * 3);
  for (let y = 0; y < pixelSide; y++) {
    for (let x = 0; x < pixelSide; x++) {
      const u = left + ((x + 0.5) / pixelSide) * (right - left);
      const v = top + ((y + 0.5) / pixelSide) * (bottom - top);
      bytes.fill(Math.round(Math.min(255, Math.max(0, of(u, v)))), (y * pixelSide + x) * 3, (y * pixelSide + x) * 3 + 3);
    }
  }
  return bytes;
}

const coarse = (pixels: Uint8Array) => greyGrid(pixels, pixelSide, alignSide);
const fine = (pixels: Uint8Array) => greyGrid(pixels, pixelSide, detailSide);
const compare = (a: Uint8Array, b: Uint8Array) => {
  const overlay = align(coarse(a), coarse(b));
  return { overlay, agreement: detailAgreement(fine(a), fine(b), overlay) };
};
const same: Overlay = { correlation: 1, area: 1, mirrored: false, frame: [0, 0, 1, 1], firstIsSmaller: true };

describe('detailAgreement', () => {
  it('tells a copy, cropped, mirrored or darker, from another thing of the same outline', () => {
    for (const seed of [1, 2, 3]) {
      const original = drawn(picture(seed, 70));
      const other = compare(original, drawn(picture(seed + 10, 70)));
      expect(other.overlay.correlation).toBeGreaterThan(0.93);
      expect(Math.abs(other.agreement)).toBeLessThan(0.35);

      const darker: Picture = (x, y) => 0.7 * picture(seed, 70)(x, y);
      expect(compare(original, drawn(darker)).agreement).toBeGreaterThan(0.98);

      const flipped: Picture = (x, y) => picture(seed, 70)(1 - x, y);
      const mirrored = compare(original, drawn(flipped));
      expect(mirrored.overlay.mirrored).toBe(true);
      expect(mirrored.agreement).toBeGreaterThan(0.98);

      const crop: Frame = [0.06, 0.03, 0.91, 0.88];
      const cropped = drawn(picture(seed, 70), crop);
      const [there, back] = [compare(original, cropped), compare(cropped, original)];
      expect(there.overlay.firstIsSmaller).toBe(false);
      expect(back.overlay.firstIsSmaller).toBe(true);
      crop.forEach((place, at) => {
        expect(Math.abs((there.overlay.frame[at] as number) - place)).toBeLessThan(0.05);
      });
      expect(there.agreement).toBeGreaterThan(0.8);
      expect(back.agreement).toBeCloseTo(there.agreement, 9);
    }
  });

  it('is the lower quartile of the parts: a fifth of the picture may differ, half may not', () => {
    const [one, two] = [picture(1, 70), picture(2, 70)];
    const withRows = (share: number) => drawn((x, y) => (y < share ? two(x, y) : one(x, y)));
    const original = fine(drawn(one));
    expect(detailAgreement(original, fine(withRows(0.2)), same)).toBeGreaterThan(0.8);
    expect(detailAgreement(original, fine(withRows(0.5)), same)).toBeLessThan(0.5);
  });

  it('of pictures without detail says nothing, and leaves blank parts out of pictures that have some', () => {
    const slope = new Float64Array(detailSide ** 2).map((_, at) => 2 * (at % detailSide));
    const blank = new Float64Array(detailSide ** 2).fill(200);
    expect(detailAgreement(blank, blank, same)).toBe(0);
    expect(detailAgreement(slope, slope, same)).toBeLessThanOrEqual(1);
    // Half the picture is white, with the noise of compression, another in each.
    const noisy = (seed: number) => {
      const stream = randomStream(seed, 'derive', 1);
      return fine(drawn(picture(1, 70))).map((level, at) => (at % detailSide < 32 ? 250 + stream.uniform() : level));
    };
    expect(detailAgreement(noisy(1), noisy(2), same)).toBeGreaterThan(0.95);
  });
});
