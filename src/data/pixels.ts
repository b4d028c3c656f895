import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from './checksum.js';

/*
 * One file holds the pixels of a data set at one side:
 *
 *   header   32 bytes: 'FTPIXELS', then little-endian uint32: version, side, images, bytes of the description,
 *            CRC-32 of what follows the pixels, CRC-32 of the 28 bytes before
 *   pixels   at 4096: images × side × side × 3 bytes, RGB, rows first
 *   table    images × uint32: CRC-32 of each image's pixels
 *   description   JSON (which images, which were skipped)
 *
 * A worker opens it by its path and reads at an offset: nothing is shared but the file.
 */
const magic = 'FTPIXELS';
const version = 1;
export const headerBytes = 32;
export const pixelsAt = 4096;

/** The file is not a whole cache of pixels (cut short, overwritten, another version): it has to be made again. */
export class BrokenPixelFile extends Error {}

/** An image's bytes are not those that were written. */
export class DamagedPixels extends Error {
  constructor(readonly image: number) {
    super(`the cached pixels of image ${image} are damaged`);
  }
}

/** Decoded images at one side, read one by one. */
export interface PixelStore {
  readonly path: string;
  /** Height and width in pixels. */
  readonly side: number;
  readonly count: number;
  /** What the builder wrote beside the pixels. */
  readonly description: unknown;
  /**
   * The side × side × 3 RGB bytes of an image, into `target` where given.
   * @throws DamagedPixels when they are not what was written
   */
  read(image: number, target?: Uint8Array): Uint8Array;
  /** CRC-32 of an image's pixels as they were written. */
  checksum(image: number): number;
  close(): void;
}

/** The 32 bytes at the start of a file. */
export function encodeHeader(side: number, count: number, descriptionBytes: number, tailChecksum: number): Uint8Array {
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  [version, side, count, descriptionBytes, tailChecksum].forEach((value, i) => header.writeUInt32LE(value >>> 0, 8 + 4 * i));
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  return header;
}

/**
 * Opens a file of pixels. Its header, its size, its table and its description are verified now; the pixels of an image when
 * they are read.
 * @throws BrokenPixelFile
 */
export function openPixels(path: string): PixelStore {
  const file = openSync(path, 'r');
  try {
    const header = readExactly(file, Buffer.alloc(headerBytes), 0);
    const field = (i: number) => header.readUInt32LE(8 + 4 * i);
    if (header.toString('latin1', 0, 8) !== magic || crc32(header.subarray(0, 28)) !== header.readUInt32LE(28)) {
      throw new BrokenPixelFile(`${path}: not a cache of pixels, or its header is damaged`);
    }
    if (field(0) !== version) throw new BrokenPixelFile(`${path}: written in form ${field(0)}, read in form ${version}`);
    const side = field(1);
    const count = field(2);
    const bytes = side * side * 3;
    const tableAt = pixelsAt + count * bytes;
    const tailBytes = count * 4 + field(3);
    if (fstatSync(file).size !== tableAt + tailBytes) throw new BrokenPixelFile(`${path}: not as long as it should be`);
    const tail = readExactly(file, Buffer.alloc(tailBytes), tableAt);
    if (crc32(tail) !== field(4)) throw new BrokenPixelFile(`${path}: the table behind the pixels is damaged`);
    const checksum = (image: number) => tail.readUInt32LE(image * 4);
    return {
      path,
      side,
      count,
      description: JSON.parse(tail.toString('utf8', count * 4)),
      checksum,
      read(image, target = new Uint8Array(bytes)) {
        if (!Number.isInteger(image) || image < 0 || image >= count) throw new RangeError(`image ${image} of ${count}`);
        readExactly(file, target.subarray(0, bytes), pixelsAt + image * bytes);
        if (crc32(target.subarray(0, bytes)) !== checksum(image)) throw new DamagedPixels(image);
        return target;
      },
      close: () => closeSync(file),
    };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function readExactly<T extends Uint8Array>(file: number, into: T, position: number): T {
  let done = 0;
  while (done < into.length) {
    const got = readSync(file, into, done, into.length - done, position + done);
    if (got === 0) throw new BrokenPixelFile('the cache of pixels ends too soon');
    done += got;
  }
  return into;
}
