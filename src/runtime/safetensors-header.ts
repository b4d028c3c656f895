/** The header of a safetensors file: 8 bytes of its length, then JSON that says where each tensor lies in what follows. */
import type { FileHandle } from 'node:fs/promises';

/** What a tensor is called in a file, its shape, and the bytes it takes, counted from the file's beginning. */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Bytes before the header's text. */
const LENGTH_BYTES = 8;

/** The format's own limit. */
const LARGEST_HEADER = 100e6;

/** Bytes of an element, by the format's names. */
const SIZES: ReadonlyMap<string, number> = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
  ['I64', 8],
  ['I32', 4],
  ['I16', 2],
  ['I8', 1],
  ['U64', 8],
  ['U32', 4],
  ['U16', 2],
  ['U8', 1],
  ['BOOL', 1],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
]);

/** Ends the reading with what was found. */
export type Broken = (found: string) => never;

/** The header of a whole file's bytes. */
export function headerOfBytes(bytes: Buffer, broken: Broken): SafetensorsHeader {
  const start = LENGTH_BYTES + headerLength(bytes, bytes.length, broken);
  return parseHeader(bytes.subarray(LENGTH_BYTES, start).toString(), bytes.length, start, broken);
}

/** The header of an open file of `size` bytes, nothing else of which is read. */
export async function headerOfFile(file: FileHandle, size: number, broken: Broken): Promise<SafetensorsHeader> {
  const head = Buffer.alloc(Math.min(size, LENGTH_BYTES));
  await file.read(head, 0, head.length, 0);
  const text = Buffer.alloc(headerLength(head, size, broken));
  await file.read(text, 0, text.length, LENGTH_BYTES);
  return parseHeader(text.toString(), size, LENGTH_BYTES + text.length, broken);
}

/** Bytes of the header's text, from the first eight bytes of a file of `size` bytes. */
function headerLength(start: Buffer, size: number, broken: Broken): number {
  if (start.length < LENGTH_BYTES) return broken(`${start.length} bytes`);
  const length = start.readBigUInt64LE(0);
  if (length > BigInt(LARGEST_HEADER) || LENGTH_BYTES + Number(length) > size)
    return broken(`a header of ${length} bytes in a file of ${size}`);
  return Number(length);
}

/**
 * The tensors that the header's text names. Together they fill the file from the end of the header to its own, each byte once; each has
 * as many bytes as its type and shape say.
 */
function parseHeader(text: string, size: number, start: number, broken: Broken): SafetensorsHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return broken(`a header that is no JSON (${(error as Error).message})`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return broken('a header that is no JSON object');
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = Object(value) as Record<string, unknown>;
    else entries.set(name, entryOf(name, value, start, size, broken));
  }
  const places = [...entries].sort(([, a], [, b]) => a.from - b.from || a.to - b.to);
  let end = start;
  for (const [name, { from, to }] of places) {
    if (from !== end) return broken(`the tensor ${quoted(name)} begins at byte ${from}, and the one before it ends at ${end}`);
    end = to;
  }
  if (end !== size) return broken(`tensors up to byte ${end} in a file of ${size} bytes`);
  return { entries, metadata };
}

function entryOf(name: string, value: unknown, start: number, size: number, broken: Broken): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = Object(value) as Record<string, unknown>;
  const of = `the tensor ${quoted(name)}`;
  const bytes = typeof dtype === 'string' ? SIZES.get(dtype) : undefined;
  if (typeof dtype !== 'string' || bytes === undefined) return broken(`${of} of the type ${quoted(String(dtype))}`);
  if (!counts(shape)) return broken(`${of} with a shape that is no list of whole numbers`);
  if (!counts(offsets) || offsets.length !== 2) return broken(`${of} without two offsets from 0 up`);
  const [from, to] = offsets as [number, number];
  if (to < from || start + to > size) return broken(`${of} from byte ${start + from} to ${start + to} in a file of ${size}`);
  const needed = shape.reduce((product, length) => product * length, bytes);
  if (to - from !== needed) return broken(`${of} with ${to - from} bytes, where its type and shape need ${needed}`);
  return { dtype, shape, from: start + from, to: start + to };
}

function counts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}

function quoted(name: string): string {
  return `'${JSON.stringify(name.slice(0, 80)).slice(1, -1)}'`;
}
