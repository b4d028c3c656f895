/** An ONNX file without the bytes of its weights, which stay in it until they are asked for. */
import { type ByteSource, takeBytes } from '../byte-source.js';
import { Bytes } from '../pytorch/bytes.js';
import type { Range } from '../zip.js';
import type { ExternalData } from './tensors.js';

/** Fields of ONNX' messages by their numbers (onnx.proto). */
const GRAPH = 7;
const INITIALIZER = 5;
const RAW_DATA = 9;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
/** Weights of fewer bytes are read with the rest. */
const SMALL = 1024;

/** A file's messages, and where the weights lie that were left out: `external` gives them, and those of files beside it. */
export interface ThinOnnx {
  readonly bytes: Buffer;
  readonly external: ExternalData;
}

/**
 * Reads an ONNX file but for its weights, each of which is said to lie in another file: a tensor of 9 MB is read when the
 * network takes it. A file that is no whole protobuf is given as it is, for its reader to say so.
 */
export function withoutWeights(source: ByteSource, beside: ExternalData): ThinOnnx {
  const left: Range[] = [];
  const external: ExternalData = (location, offset, length, where) => {
    const range = location.startsWith('\0') ? left[Number(location.slice(1))] : undefined;
    // All of them, however many the shape asks for: its reader counts.
    return range === undefined ? beside(location, offset, length, where) : takeBytes(source, range.from, range.length);
  };
  try {
    return { bytes: Buffer.concat(thinMessage(new Bytes(source, ''), source.size, [GRAPH, INITIALIZER], left)), external };
  } catch {
    return { bytes: takeBytes(source, 0, source.size), external: beside };
  }
}

/** The fields of a message up to `end`; those whose numbers `path` has lead to the tensors. */
function thinMessage(cursor: Bytes, end: number, path: readonly number[], left: Range[]): Buffer[] {
  const parts: Buffer[] = [];
  let raw: Range | undefined;
  let lies = false;
  while (cursor.position < end) {
    const start = cursor.position;
    const tag = varint(cursor);
    const [field, type] = [tag >>> 3, tag & 7];
    const length = lengthOf(cursor, type);
    const from = cursor.skip(length, 'a field');
    if (cursor.position > end) throw new RangeError('a field ends after its message');
    lies ||= path.length === 0 && field === DATA_LOCATION;
    if (type === 2 && path.length > 0 && field === path[0]) {
      cursor.position = from;
      parts.push(...wrapped(field, thinMessage(cursor, from + length, path.slice(1), left)));
    } else if (type === 2 && path.length === 0 && field === RAW_DATA && length >= SMALL) {
      if (raw !== undefined) throw new RangeError('weights twice');
      raw = { from, length };
    } else parts.push(takeBytes(cursor.source, start, cursor.position - start));
  }
  if (raw === undefined) return parts;
  // Two places for one tensor's numbers: its reader decides.
  if (lies) throw new RangeError('weights here and elsewhere');
  left.push(raw);
  const entry = (key: string, value: string) =>
    wrapped(EXTERNAL_DATA, [...wrapped(1, [Buffer.from(key)]), ...wrapped(2, [Buffer.from(value)])]);
  return [...parts, ...entry('location', `\0${left.length - 1}`), Buffer.from([DATA_LOCATION << 3, 1])];
}

/** Bytes of a field's value behind its tag, the length itself read where it has one. */
function lengthOf(cursor: Bytes, type: number): number {
  switch (type) {
    case 0: {
      const from = cursor.position;
      varint(cursor);
      const length = cursor.position - from;
      cursor.position = from;
      return length;
    }
    case 1:
      return 8;
    case 2:
      return varint(cursor);
    case 5:
      return 4;
    default:
      throw new RangeError(`a field of type ${type}`);
  }
}

/** Whole numbers beyond 2⁵³ keep their bytes and lose their value, which nothing here asks for. */
function varint(cursor: Bytes): number {
  let value = 0;
  for (let scale = 1, count = 0; count < 10; count++, scale *= 128) {
    const byte = cursor.byte('a number');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw new RangeError('a number of more than ten bytes');
}

function wrapped(field: number, parts: readonly Buffer[]): Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Buffer.from([...numberBytes(field * 8 + 2), ...numberBytes(length)]), ...parts];
}

function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
