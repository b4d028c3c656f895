import { open, readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { writeFileAtomic } from './folders.js';
import { type Broken, headerOfBytes, headerOfFile, type SafetensorsHeader } from './safetensors-header.js';

export type StoredTensors = Record<string, { shape: readonly number[]; values: Float32Array | Int32Array }>;

/** What a checkpoint file holds: named tensors and one JSON value beside them. */
export interface Checkpoint<T> {
  tensors: StoredTensors;
  meta: T;
}

const TYPES = new Map<string, typeof Float32Array | typeof Int32Array>([
  ['F32', Float32Array],
  ['I32', Int32Array],
]);

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
  const broken = refuse(path);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) =>
    broken(error.code === 'ENOENT' ? 'no such file' : error.message),
  );
  const header = headerOfBytes(bytes, broken);
  const tensors: StoredTensors = {};
  for (const [name, { dtype, shape, from, to }] of header.entries) {
    const make = TYPES.get(dtype) ?? broken(`the tensor '${name}' of the type ${dtype}`);
    const copy = new Uint8Array(to - from);
    copy.set(bytes.subarray(from, to));
    tensors[name] = { shape: [...shape], values: new make(copy.buffer) };
  }
  return { tensors, meta: metaOf<T>(header) };
}

/** The JSON value of a checkpoint, without reading its tensors. */
export async function readCheckpointMeta<T>(path: string): Promise<T> {
  const broken = refuse(path);
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return metaOf<T>(await headerOfFile(file, size, broken));
  } finally {
    await file.close();
  }
}

function metaOf<T>({ metadata }: SafetensorsHeader): T {
  return JSON.parse(typeof metadata.ft === 'string' ? metadata.ft : 'null') as T;
}

function refuse(path: string): Broken {
  return (found) => {
    throw new UserError({
      what: 'this checkpoint cannot be read',
      where: path,
      expected: 'a safetensors file written by ft',
      found,
    });
  };
}
