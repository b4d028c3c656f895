import { maskedCrc32c } from '../runtime/crc32c.js';

const HEADER = 12;
const FOOTER = 4;

/**
 * One record of a TFRecord file: length (8 bytes, little-endian), masked CRC-32C of the length, data, masked CRC-32C of the data.
 * Source: tensorflow/core/lib/io/record_writer.h.
 */
export function record(data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(HEADER + data.length + FOOTER);
  bytes.writeBigUInt64LE(BigInt(data.length), 0);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  bytes.set(data, HEADER);
  bytes.writeUInt32LE(maskedCrc32c(data), HEADER + data.length);
  return bytes;
}

/** The records of a file, up to the first that is cut short or damaged: behind it nothing can be trusted. */
export function* recordsOf(file: Uint8Array): Generator<Uint8Array> {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 0; at + HEADER + FOOTER <= bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    if (bytes.readUInt32LE(at + 8) !== maskedCrc32c(bytes.subarray(at, at + 8))) return;
    const end = at + HEADER + length;
    if (end + FOOTER > bytes.length) return;
    const data = bytes.subarray(at + HEADER, end);
    if (bytes.readUInt32LE(end) !== maskedCrc32c(data)) return;
    yield data;
    at = end + FOOTER;
  }
}
