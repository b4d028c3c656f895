import protobuf from 'protobufjs';
import { UserError } from '../../errors.js';
import { maskedCrc32c } from '../../runtime/crc32c.js';
import { snappyDecode } from './snappy.js';

/** Where a tensor of a checkpoint lies. */
export interface BundleEntry {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** Masked CRC-32C of its bytes. */
  readonly checksum: number;
  /** Stored in parts, under keys of their own. */
  readonly sliced: boolean;
}

export interface BundleIndex {
  readonly shards: number;
  readonly entries: ReadonlyMap<string, BundleEntry>;
}

const FOOTER = 48;
const MAGIC = Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);

/**
 * Reads the index of a TensorFlow checkpoint (`*.index`): a sorted table as LevelDB writes it (blocks of prefix-compressed
 * keys, plain or snappy, each with its CRC-32C), whose values are BundleEntryProto messages.
 * @throws UserError where the file is not one, or not all of one
 */
export function readBundleIndex(file: Buffer, where: string): BundleIndex {
  const refuse = (what: string): never => {
    throw new UserError({ where, what, found: `${file.length} bytes`, mend: 'fetch the checkpoint again' });
  };
  try {
    if (file.length < FOOTER || !file.subarray(-8).equals(MAGIC)) refuse('this is not a whole index of a TensorFlow checkpoint');
    const footer = protobuf.Reader.create(file.subarray(-FOOTER));
    handle(footer);
    const index = readBlock(file, handle(footer), refuse);
    const entries = new Map<string, BundleEntry>();
    let shards = 0;
    for (const [, value] of records(index, refuse)) {
      for (const [key, bytes] of records(readBlock(file, handle(protobuf.Reader.create(value)), refuse), refuse)) {
        if (key.length === 0) shards = readHeader(bytes, refuse);
        else entries.set(key.toString('utf8'), readEntry(bytes));
      }
    }
    if (shards < 1) refuse('the index has no header');
    return { shards, entries };
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse(`the index is broken: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Handle {
  offset: number;
  size: number;
}
type Refuse = (what: string) => never;

function handle(reader: protobuf.Reader): Handle {
  return { offset: Number(reader.uint64()), size: Number(reader.uint64()) };
}

/** A block and after it one byte that says how it is compressed, and a checksum over both. */
function readBlock(file: Buffer, { offset, size }: Handle, refuse: Refuse): Buffer {
  if (!(offset + size + 5 <= file.length)) return refuse('a block reaches beyond the end of the index');
  const stored = file.subarray(offset, offset + size);
  const kind = file[offset + size];
  if (maskedCrc32c(file.subarray(offset, offset + size + 1)) !== file.readUInt32LE(offset + size + 1))
    refuse(`the block at byte ${offset} has another checksum than it should`);
  if (kind === 0) return stored;
  return kind === 1 ? snappyDecode(stored) : refuse(`a block is compressed in a way unknown here (${kind})`);
}

/** The keys and values of a block; each key repeats the beginning of the one before it. */
function* records(block: Buffer, refuse: Refuse): Generator<readonly [Buffer, Buffer]> {
  if (block.length < 4) refuse('a block of the index is empty');
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
  if (end < 0) refuse('a block of the index is not whole');
  const reader = protobuf.Reader.create(block.subarray(0, end));
  let key: Buffer = Buffer.alloc(0);
  while (reader.pos < reader.len) {
    const [shared, own, length] = [reader.uint32(), reader.uint32(), reader.uint32()];
    if (shared > key.length || reader.pos + own + length > end) refuse('a record of the index is not whole');
    const at = reader.pos;
    key = Buffer.concat([key.subarray(0, shared), block.subarray(at, at + own)]);
    yield [key, block.subarray(at + own, at + own + length)];
    reader.skip(own + length);
  }
}

/** BundleHeaderProto: the number of data files, and that numbers are little-endian. */
function readHeader(bytes: Buffer, refuse: Refuse): number {
  let shards = 0;
  fields(bytes, (field, reader) => {
    if (field === 1) shards = reader.uint32();
    else if (field === 2 && reader.uint32() !== 0) refuse('its numbers are big-endian');
    else return false;
    return true;
  });
  return shards;
}

function readEntry(bytes: Buffer): BundleEntry {
  const entry = { dtype: 0, shape: [] as number[], shard: 0, offset: 0, size: 0, checksum: 0, sliced: false };
  fields(bytes, (field, reader) => {
    if (field === 1) entry.dtype = reader.uint32();
    else if (field === 2) entry.shape = readShape(Buffer.from(reader.bytes()));
    else if (field === 3) entry.shard = reader.uint32();
    else if (field === 4) entry.offset = Number(reader.uint64());
    else if (field === 5) entry.size = Number(reader.uint64());
    else if (field === 6) entry.checksum = reader.fixed32();
    else if (field === 7) {
      entry.sliced = true;
      return false;
    } else return false;
    return true;
  });
  return entry;
}

function readShape(bytes: Buffer): number[] {
  const shape: number[] = [];
  fields(bytes, (field, reader) => {
    if (field !== 2) return false;
    let size = 0;
    fields(Buffer.from(reader.bytes()), (inner, dim) => {
      if (inner !== 1) return false;
      size = Number(dim.int64());
      return true;
    });
    shape.push(size);
    return true;
  });
  return shape;
}

/** Goes through a message; a field that `read` leaves alone (false) is skipped. */
function fields(bytes: Buffer, read: (field: number, reader: protobuf.Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!read(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}
