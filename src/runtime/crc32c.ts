/** CRC-32C's polynomial (Castagnoli), its bits from the lowest to the highest. */
const POLYNOMIAL = 0x82f63b78;

/** TABLES[k][b], as int32 so that no number leaves the processor's registers: what a byte b adds to the rest when k further bytes follow it ("slicing by 8": Kounavis & Berry 2005). */
const TABLES = (() => {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
    return rest;
  });
  const tables = [first];
  while (tables.length < 8) {
    const before = tables.at(-1) as Int32Array;
    tables.push(before.map((rest) => (rest >>> 8) ^ (first[rest & 0xff] as number)));
  }
  return tables as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
})();

/** CRC-32C of some bytes, from 0 to 2³² − 1. Source: RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let rest = -1;
  let at = 0;
  // Eight bytes at a time: it runs over every byte of a checkpoint.
  for (; at + 8 <= bytes.length; at += 8) {
    const low = view.getInt32(at, true) ^ rest;
    const high = view.getInt32(at + 4, true);
    rest =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[high & 0xff] as number) ^
      (t2[(high >>> 8) & 0xff] as number) ^
      (t1[(high >>> 16) & 0xff] as number) ^
      (t0[high >>> 24] as number);
  }
  for (; at < bytes.length; at++) rest = (rest >>> 8) ^ (t0[(rest ^ (bytes[at] as number)) & 0xff] as number);
  return ~rest >>> 0;
}

/**
 * The CRC as TFRecord files hold it: turned right by 15 bits, plus a constant, so that a CRC over bytes that hold CRCs still
 * tells something. Source: tensorflow/core/lib/hash/crc32c.h, `Mask`.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
