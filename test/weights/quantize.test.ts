import { describe, expect, it } from 'vitest';
import { quantizeAffine, toHalf } from '../../src/weights/quantize.js';

/** The value of a half, from its definition. */
function fromHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits >>> 15 ? -1 : 1, (bits >>> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe('half precision', () => {
  it('of every half is that half', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalf(bits);
      if (!Number.isNaN(value)) expect(toHalf(Float32Array.of(value))[0], String(value)).toBe(bits);
    }
    expect(fromHalf(toHalf(Float32Array.of(Number.NaN))[0] as number)).toBeNaN();
  });

  it('is the nearest half, of two the even one', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      expect(toHalf(Float32Array.of(middle))[0]).toBe(even);
      expect(toHalf(Float32Array.of(low + (high - low) * 0.49))[0]).toBe(bits);
      expect(toHalf(Float32Array.of(low + (high - low) * 0.51))[0]).toBe(bits + 1);
      expect(toHalf(Float32Array.of(-middle))[0]).toBe(0x8000 | even);
    }
  });

  it('is infinite beyond 65,519', () => {
    expect([...toHalf(Float32Array.of(65504, 65519, 65520, 1e9, -1e9))]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00]);
  });
});

describe('affine codes', () => {
  it('lie within half a step of the values, and 0 is 0', () => {
    for (const [low, high] of [
      [-1, 3],
      [0.5, 2],
      [-4, -1],
      [0, 0],
    ] as const) {
      const values = Float32Array.from({ length: 1000 }, (_, at) => low + ((high - low) * ((at * 617) % 1000)) / 999);
      values[7] = 0;
      const { codes, min, scale } = quantizeAffine(values);
      values.forEach((value, at) => {
        // The zero point is a whole number of steps, which may move the range by half of one.
        expect(Math.abs(min + scale * (codes[at] as number) - value)).toBeLessThanOrEqual(scale * (value === 0 ? 1e-6 : 1.0001));
      });
    }
  });
});
