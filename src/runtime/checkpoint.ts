import { open, readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { writeFileAtomic } from './folders.js';

export type StoredTensors = Record<string, { shape: readonly number[]; values: Float32Array | Int32Array }>;

/** What a checkpoint file holds: named tensors and one JSON value beside them. */
export interface Checkpoint<T> {
  tensors: StoredTensors;
  meta: T;
}

const TYPES = { F32: Float32Array, I32: Int32Array } as const;
/** A header above this is no checkpoint of ours. */
const LARGEST_HEADER = 100e6;

interface Entry {
  dtype: keyof typeof TYPES;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Writes named tensors as a safetensors file (8 bytes length, JSON header, raw little-endian values), which Python reads with
 * one call, under a temporary name and then renamed. `meta` is kept as JSON in the header's `__metadata__`.
 */
export async function writeCheckpoint<T>(path: string, { tensors, meta }: Checkpoint<T>): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { ft: JSON.stringify(meta) } };
  let offset = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const dtype = values instanceof Float32Array ? 'F32' : 'I32';
    header[name] = { dtype, shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const bytes = Buffer.alloc(8 + padded.length + offset);
  bytes.writeBigUInt64LE(BigInt(padded.length), 0);
  padded.copy(bytes, 8);
  let at = 8 + padded.length;
  for (const { values } of Object.values(tensors)) {
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(bytes, at);
    at += values.byteLength;
  }
  await writeFileAtomic(path, bytes);
}

/** Reads what {@link writeCheckpoint} wrote. @throws UserError where the file is cut short or no such file at all. */
export async function readCheckpoint<T>(path: string): Promise<Checkpoint<T>> {
  const broken = (found: string) =>
    new UserError({ what: 'this checkpoint cannot be read', where: path, expected: 'a safetensors file written by ft', found });
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw broken(error.code === 'ENOENT' ? 'no such file' : error.message);
  });
  if (bytes.length < 8) throw broken(`${bytes.length} bytes`);
  const length = Number(bytes.readBigUInt64LE(0));
  if (length > LARGEST_HEADER || 8 + length > bytes.length)
    throw broken(`a header of ${length} bytes in a file of ${bytes.length}`);
  const header = parse(bytes.subarray(8, 8 + length).toString(), broken);
  const base = 8 + length;
  const tensors: StoredTensors = {};
  for (const [name, entry] of Object.entries(header.entries)) {
    const make = TYPES[entry.dtype];
    const [from, to] = entry.data_offsets;
    if (make === undefined || base + to > bytes.length || (to - from) % 4 !== 0)
      throw broken(`the tensor '${name}' ends at byte ${base + to} of ${bytes.length}`);
    const copy = new Uint8Array(to - from);
    copy.set(bytes.subarray(base + from, base + to));
    tensors[name] = { shape: entry.shape, values: new make(copy.buffer) };
  }
  return { tensors, meta: JSON.parse(header.meta) as T };
}

/** The JSON value of a checkpoint, without reading its tensors. */
export async function readCheckpointMeta<T>(path: string): Promise<T> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(8);
    await file.read(head, 0, 8, 0);
    const text = Buffer.alloc(Math.min(LARGEST_HEADER, Number(head.readBigUInt64LE(0))));
    await file.read(text, 0, text.length, 8);
    const broken = (found: string) => new UserError({ what: 'this checkpoint cannot be read', where: path, found });
    return JSON.parse(parse(text.toString(), broken).meta) as T;
  } finally {
    await file.close();
  }
}

function parse(text: string, broken: (found: string) => UserError): { entries: Record<string, Entry>; meta: string } {
  try {
    const { __metadata__: metadata, ...entries } = JSON.parse(text) as Record<string, Entry> & { __metadata__?: { ft?: string } };
    return { entries: entries as Record<string, Entry>, meta: metadata?.ft ?? 'null' };
  } catch (error) {
    throw broken(`a header that is no JSON (${(error as Error).message})`);
  }
}
