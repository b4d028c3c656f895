/**
 * bfloat16: the upper half of a float32 (8 bits of exponent, 7 of fraction), so a conversion is a rounding to the nearest, ties to
 * even, with a relative error of at most 2⁻⁸. NaN stays NaN.
 */

/** Rounds float32 values; as many uint16 into `target`. */
export function toBfloat16(values: Float32Array, target: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number;
    if ((word & 0x7fffffff) > 0x7f800000) target[i] = (word >>> 16) | 0x40;
    else target[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

/** The float32 values that bfloat16 ones stand for, exactly. */
export function fromBfloat16(halves: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
}
