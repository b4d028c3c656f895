import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../runtime/folders.js';

/** A matrix of float32 as a .npy file holds it. */
export interface NpyMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major [rows, columns]. */
  readonly values: Float32Array;
}

const MAGIC = '\x93NUMPY';

/**
 * The bytes of a .npy file, format version 1.0, byte for byte as `numpy.save` writes them: the header is padded with spaces
 * until the values start at a multiple of 64 bytes.
 * Source: NumPy, `numpy/lib/format.py`.
 */
export function npyBytes({ rows, columns, values }: NpyMatrix): Uint8Array {
  if (values.length !== rows * columns) throw new RangeError(`${values.length} values are not ${rows} × ${columns}`);
  const shape = `(${rows}, ${columns})`;
  // NumPy leaves room for the first number to grow to 21 digits.
  const room = ' '.repeat(21 - String(rows).length);
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }${room}`;
  const start = Math.ceil((MAGIC.length + 4 + description.length + 1) / 64) * 64;
  const header = `${description.padEnd(start - MAGIC.length - 4 - 1)}\n`;
  const bytes = new Uint8Array(start + values.byteLength);
  bytes.set(Buffer.from(MAGIC, 'latin1'));
  bytes.set([1, 0, header.length & 0xff, header.length >> 8], MAGIC.length);
  bytes.set(Buffer.from(header, 'latin1'), MAGIC.length + 4);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start);
  return bytes;
}

/**
 * Reads the bytes of a .npy file of a float32 matrix in C order; versions 1 to 3 of the format.
 *
 * @param where the file's name, for the error
 * @throws UserError where it is not such a file, or is cut short
 */
export function parseNpy(bytes: Uint8Array, where: string): NpyMatrix {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fault = (what: string, found: string) =>
    new UserError({ what, where, expected: 'a .npy file of a float32 matrix (rows of vectors) in C order', found });
  if (text.length < 12 || text.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw fault('not a .npy file', 'another beginning');
  }
  const version = text[6] as number;
  const wide = version >= 2;
  const from = wide ? 12 : 10;
  const start = from + (wide ? text.readUInt32LE(8) : text.readUInt16LE(8));
  const header = text.toString('latin1', from, Math.min(start, text.length));
  const kind = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header);
  if (version > 3 || kind !== '<f4' || order !== 'False' || shape === null) {
    throw fault('this kind of .npy file cannot be read', `version ${version}, ${header.trim()}`);
  }
  const rows = Number(shape[1]);
  const columns = Number(shape[2]);
  const size = rows * columns * 4;
  if (text.length !== start + size) throw fault('the file is not whole', `${text.length} bytes instead of ${start + size}`);
  // A copy, because the values need not start at a multiple of four bytes of the buffer (and a Buffer's slice is none).
  return { rows, columns, values: new Float32Array(new Uint8Array(text.subarray(start)).buffer) };
}

/** Writes vectors as a .npy file, under a temporary name first. */
export async function writeNpy(path: string, matrix: NpyMatrix): Promise<void> {
  await writeFileAtomic(path, npyBytes(matrix));
}

export async function readNpy(path: string): Promise<NpyMatrix> {
  return parseNpy(await readFile(path), path);
}
