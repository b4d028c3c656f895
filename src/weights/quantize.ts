/** Numbers of weights in fewer bits. */

/** In what weights are stored: as they are, or as so many bits; what computes with them makes float32 of them again. */
export type Quantization = 'float16' | 'uint8';

/** The same of an export, which may also compute in integers of 8 bits. */
export type ExportQuantization = Quantization | 'int8';

/** Codes of 8 bits: `value ≈ scale · (code − zero)`. */
export interface Steps {
  readonly scale: number;
  readonly zero: number;
}

/** Codes of 0 … 255 for a range, which holds 0: it is a code by itself. */
export function stepsOf([lowest, highest]: readonly [number, number]): Steps {
  const [low, high] = [Math.min(0, lowest), Math.max(0, highest)];
  const scale = high === low ? 1 : (high - low) / 255;
  // A whole number of steps below 0.
  return { scale, zero: Math.round(-low / scale) };
}

/** Kernels are; biases and the like weigh nothing, and a lost digit of them does harm. */
export function isQuantized(shape: readonly number[]): boolean {
  return shape.filter((extent) => extent > 1).length >= 2;
}

/**
 * `value ≈ min + scale · code` with codes of 0 … 255. The range holds 0, which so stays 0 exactly.
 * @see tensorflowjs_converter's quantization.py, which does the same
 */
export function quantizeAffine(values: Float32Array): { codes: Uint8Array; min: number; scale: number } {
  let [low, high] = [0, 0];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const { scale, zero } = stepsOf([low, high]);
  const codes = Uint8Array.from(values, (value) => Math.max(0, Math.min(255, Math.round(value / scale) + zero)));
  return { codes, min: -zero * scale, scale };
}

const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** IEEE 754 half precision, rounded to nearest, ties to even; what is beyond its range becomes infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    FLOAT[0] = value;
    const bits = BITS[0] as number;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude < 0x38800000) {
      // Below 2⁻¹⁴ the steps are 2⁻²⁴ wide.
      return sign | halfToEven(Math.abs(value) * 2 ** 24);
    }
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  });
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
