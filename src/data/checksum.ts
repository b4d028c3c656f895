import * as zlib from 'node:zlib';

/** CRC-32 (IEEE 802.3, as in zip and PNG) of some bytes, as an unsigned number. */
export const crc32: (bytes: Uint8Array) => number = zlib.crc32 ?? crc32ByTable;

let tables: Int32Array | undefined;

/** For Node before 20.15, which has no crc32 of its own: four bytes a turn ("slicing by 4"). */
export function crc32ByTable(bytes: Uint8Array): number {
  tables ??= makeTables();
  const t = tables;
  const length = bytes.length;
  let crc = -1;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    crc ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    crc =
      (t[768 + (crc & 255)] as number) ^
      (t[512 + ((crc >>> 8) & 255)] as number) ^
      (t[256 + ((crc >>> 16) & 255)] as number) ^
      (t[crc >>> 24] as number);
  }
  for (; i < length; i++) crc = (t[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const t = new Int32Array(1024);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    t[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    for (let slice = 256; slice < 1024; slice += 256) {
      const before = t[slice - 256 + n] as number;
      t[slice + n] = (t[before & 255] as number) ^ (before >>> 8);
    }
  }
  return t;
}
