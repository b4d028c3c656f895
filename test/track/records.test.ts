import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../src/runtime/crc32c.js';
import { record, recordsOf } from '../../src/track/records.js';

const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as {
  records: { data: string; record: string }[];
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** CRC-32C by its definition: the remainder of a long division, a bit at a time, highest first, by 0x1EDC6F41. */
function byDivision(bytes: Uint8Array): number {
  let rest = 0xffffffffn;
  const reversed = (value: bigint, width: number) =>
    BigInt(`0b${value.toString(2).padStart(width, '0').split('').reverse().join('')}`);
  for (const byte of bytes) {
    rest ^= reversed(BigInt(byte), 8) << 24n;
    for (let bit = 0; bit < 8; bit++) rest = ((rest << 1n) ^ (rest & 0x80000000n ? 0x11edc6f41n : 0n)) & 0xffffffffn;
  }
  return Number(reversed(rest ^ 0xffffffffn, 32));
}

describe('CRC-32C', () => {
  it.each([
    ['32 bytes of zero', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['32 bytes counting up', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['32 bytes counting down', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['no byte', new Uint8Array(0), 0],
  ])('of %s is the one that RFC 3720 gives', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('of any bytes is the remainder of the long division', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => crc32c(bytes) === byDivision(bytes)));
  });

  it('is masked by a turn of 15 bits and a sum, within 32 bits', () => {
    const crc = BigInt(crc32c(Buffer.from('123456789')));
    expect(crc).toBe(0xe3069283n);
    const turned = (crc >> 15n) | ((crc << 17n) & 0xffffffffn);
    expect(maskedCrc32c(Buffer.from('123456789'))).toBe(Number((turned + 0xa282ead8n) & 0xffffffffn));
  });
});

describe('a record', () => {
  it("is, byte by byte, what TensorBoard's own writer makes", () => {
    for (const { data, record: expected } of golden.records) expect(hex(record(Buffer.from(data)))).toBe(expected);
  });

  const three = ['one', '', 'three'].map((text) => record(Buffer.from(text)));
  const file = Buffer.concat(three);
  const texts = (bytes: Uint8Array) => [...recordsOf(bytes)].map((data) => Buffer.from(data).toString());

  it('is read back, wherever the file was cut: all that are whole, and nothing behind', () => {
    const ends = three.map((_, i) => Buffer.concat(three.slice(0, i + 1)).length);
    for (let length = 0; length <= file.length; length++) {
      const whole = ends.filter((end) => end <= length).length;
      expect(texts(file.subarray(0, length))).toEqual(['one', '', 'three'].slice(0, whole));
    }
  });

  it('that is damaged in any byte ends the reading', () => {
    const first = (three[0] as Uint8Array).length;
    for (let at = 0; at < first; at++) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expect(texts(damaged)).toEqual([]);
    }
  });
});
