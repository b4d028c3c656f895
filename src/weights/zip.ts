/** Zip files as weights come in: their members lie in them as they are, and are read where they lie. */
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import yauzl from 'yauzl';
import { type ByteSource, takeBytes } from './byte-source.js';

/** Bytes that are looked at in one go for a checksum. */
const CHUNK = 1 << 20;
const LOCAL_HEADER = 30;

/** Where bytes lie in a source. */
export interface Range {
  readonly from: number;
  readonly length: number;
}

class Reader extends yauzl.RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const { source } = this;
    function* chunks() {
      for (let at = start; at < end; at += CHUNK) yield takeBytes(source, at, Math.min(CHUNK, end - at));
    }
    return Readable.from(chunks());
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, done: (error: Error | null) => void): void {
    // What its types leave out: how many bytes were read.
    const told = done as (error: Error | null, bytes?: number) => void;
    try {
      this.source.fill(buffer.subarray(offset, offset + length), position);
    } catch (error) {
      told(error as Error);
      return;
    }
    told(null, length);
  }
}

/** The zip in a source, its entries to be asked for one by one. @throws Error where it is none */
export function openZip(source: ByteSource): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.fromRandomAccessReader(
      new Reader(source),
      source.size,
      { lazyEntries: true, autoClose: false },
      (error: Error | null, zip: yauzl.ZipFile) => (error ? reject(error) : resolve(zip)),
    );
  });
}

/** Calls `take` with each entry in turn. @throws what it throws, and Error where the zip is broken */
export function eachEntry(zip: yauzl.ZipFile, take: (entry: yauzl.Entry) => void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('entry', async (entry: yauzl.Entry) => {
      try {
        await take(entry);
        zip.readEntry();
      } catch (error) {
        reject(error);
      }
    });
    zip.on('error', reject);
    zip.on('end', () => resolve());
    zip.readEntry();
  });
}

/** Where a member lies that is stored as it is; undefined where it is not, or does not lie within the file. */
export function storedMember(source: ByteSource, entry: yauzl.Entry): Range | undefined {
  const header = entry.relativeOffsetOfLocalHeader;
  if (entry.compressionMethod !== 0 || (entry.generalPurposeBitFlag & 1) !== 0 || header + LOCAL_HEADER > source.size)
    return undefined;
  const bytes = takeBytes(source, header, LOCAL_HEADER);
  if (bytes.readUInt32LE(0) !== 0x04034b50) return undefined;
  const from = header + LOCAL_HEADER + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  return from + entry.uncompressedSize > source.size ? undefined : { from, length: entry.uncompressedSize };
}

/** Whether bytes have a CRC-32. Node before 20.15 cannot compute it, and has no such name to import: then they have. */
export function hasChecksum(source: ByteSource, { from, length }: Range, expected: number): boolean {
  if (zlib.crc32 === undefined) return true;
  const chunk = Buffer.alloc(Math.min(CHUNK, length));
  let checksum = 0;
  for (let at = 0; at < length; at += CHUNK) {
    const part = chunk.subarray(0, Math.min(CHUNK, length - at));
    source.fill(part, from + at);
    checksum = zlib.crc32(part, checksum);
  }
  return checksum === expected;
}
