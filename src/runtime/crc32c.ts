/** CRC-32C's polynomial (Castagnoli), its bits from the lowest to the highest. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest >>> 0;
});

/** CRC-32C of some bytes, from 0 to 2³² − 1. Source: RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  // By index: it runs over every byte of a checkpoint.
  for (let at = 0; at < bytes.length; at++) rest = (rest >>> 8) ^ (TABLE[(rest ^ (bytes[at] as number)) & 0xff] as number);
  return (rest ^ 0xffffffff) >>> 0;
}

/**
 * The CRC as TFRecord files hold it: turned right by 15 bits, plus a constant, so that a CRC over bytes that hold CRCs still
 * tells something. Source: tensorflow/core/lib/hash/crc32c.h, `Mask`.
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
