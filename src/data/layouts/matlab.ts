import { inflateSync } from 'node:zlib';
import { UserError } from '../../errors.js';

/** A value of a MAT-file: text, numbers (column after column), a cell array, or an array of records. */
export type MatlabValue = string | readonly number[] | readonly MatlabValue[] | readonly MatlabRecord[];

export type MatlabRecord = Readonly<Record<string, MatlabValue>>;

/*
 * "MAT-File Format" (MathWorks), Level 5: a header of 128 bytes, then elements: type and length (uint32 each), data, filled
 * up to 8 bytes. A length of 1 to 4 may stand in the upper half of the type, with the data in the four bytes behind it.
 */
const miMatrix = 14;
const miCompressed = 15;
const mxCell = 1;
const mxStruct = 2;
const mxChar = 4;

/** Inflated bytes at most: the lists of the published sets are some megabytes. */
const mostBytes = 256 << 20;

interface Element {
  readonly type: number;
  readonly data: Buffer;
  readonly next: number;
}

/**
 * The variables of a MAT-file, Level 5 (MATLAB 5 to 7): numbers, text, cells and structs, compressed or not. Sparse arrays,
 * objects and functions are passed over.
 * @throws UserError where it is no such file, or is damaged
 */
export function readMatlab(bytes: Uint8Array, path: string): Map<string, MatlabValue> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const refuse = (found: string) =>
    new UserError({
      what: 'not a MATLAB file that can be read',
      where: path,
      expected: 'a MAT-file of Level 5 (saved by MATLAB 5 to 7)',
      found,
    });
  if (file.toString('latin1', 0, 4) === '\x89HDF' || /7\.3/.test(file.toString('latin1', 0, 19)))
    throw refuse('version 7.3 (HDF5)');
  const order = file.toString('latin1', 126, 128);
  if (file.length < 128 || (order !== 'IM' && order !== 'MI')) throw refuse('other bytes');
  const reader = new Reader(order === 'IM');
  const variables = new Map<string, MatlabValue>();
  try {
    for (let at = 128; at + 8 <= file.length; ) {
      const outer = reader.element(file, at);
      // Compressed elements are not filled up.
      at = outer.type === miCompressed ? at + 8 + outer.data.length : outer.next;
      const inner =
        outer.type === miCompressed ? reader.element(inflateSync(outer.data, { maxOutputLength: mostBytes }), 0) : outer;
      if (inner.type !== miMatrix) continue;
      const { name, value } = reader.matrix(inner.data);
      if (value !== undefined) variables.set(name, value);
    }
  } catch (error) {
    throw refuse(`damaged: ${(error as Error).message}`);
  }
  return variables;
}

class Reader {
  constructor(private readonly little: boolean) {}

  element(from: Buffer, at: number): Element {
    const word = this.uint32(from, at);
    const small = word >>> 16;
    const type = small === 0 ? word : word & 0xffff;
    const length = small === 0 ? this.uint32(from, at + 4) : small;
    const start = small === 0 ? at + 8 : at + 4;
    if (start + length > from.length) throw new RangeError('it ends too soon');
    const next = small === 0 ? start + Math.ceil(length / 8) * 8 : at + 8;
    return { type, data: from.subarray(start, start + length), next };
  }

  /** An array: flags, dimensions, name, then what its class has. */
  matrix(data: Buffer): { name: string; value: MatlabValue | undefined } {
    if (data.length === 0) return { name: '', value: [] };
    const flags = this.element(data, 0);
    const dimensions = this.element(data, flags.next);
    const named = this.element(data, dimensions.next);
    const name = named.data.toString('latin1');
    const size = this.numbers(dimensions).reduce((a, b) => a * b, 1);
    const kind = this.uint32(flags.data, 0) & 0xff;
    if (kind === mxCell) return { name, value: this.cells(data, named.next, size) };
    if (kind === mxStruct) return { name, value: this.records(data, named.next, size) };
    if (kind === mxChar) return { name, value: this.text(this.element(data, named.next)) };
    if (kind >= 6 && kind <= 15) return { name, value: this.numbers(this.element(data, named.next)) };
    return { name, value: undefined };
  }

  private cells(data: Buffer, from: number, size: number): MatlabValue[] {
    const cells: MatlabValue[] = [];
    for (let i = 0, at = from; i < size; i++) {
      const cell = this.element(data, at);
      cells.push(this.matrix(cell.data).value ?? []);
      at = cell.next;
    }
    return cells;
  }

  /** The length of a field's name, all names, then the fields of the first record, of the second, ... */
  private records(data: Buffer, from: number, size: number): MatlabRecord[] {
    const lengthElement = this.element(data, from);
    const nameLength = this.numbers(lengthElement)[0] as number;
    const namesElement = this.element(data, lengthElement.next);
    const names: string[] = [];
    for (let at = 0; at + nameLength <= namesElement.data.length; at += nameLength) {
      names.push(namesElement.data.toString('latin1', at, at + nameLength).split('\0', 1)[0] as string);
    }
    let at = namesElement.next;
    return Array.from({ length: size }, () => {
      const record: Record<string, MatlabValue> = {};
      for (const name of names) {
        const field = this.element(data, at);
        record[name] = this.matrix(field.data).value ?? [];
        at = field.next;
      }
      return record;
    });
  }

  /** Characters are stored as 8- or 16-bit numbers, or as UTF-8, UTF-16. */
  private text(element: Element): string {
    if (element.type === 16) return element.data.toString('utf8');
    return String.fromCharCode(...this.numbers(element.type === 17 ? { ...element, type: 4 } : element));
  }

  /** Numbers are stored in the smallest type that holds them, whatever the array's class is. */
  private numbers({ type, data }: Element): number[] {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const { little } = this;
    const read = (bytes: number, get: (at: number) => number) =>
      Array.from({ length: Math.floor(data.length / bytes) }, (_, i) => get(i * bytes));
    switch (type) {
      case 1:
        return read(1, (at) => view.getInt8(at));
      case 2:
        return read(1, (at) => view.getUint8(at));
      case 3:
        return read(2, (at) => view.getInt16(at, little));
      case 4:
        return read(2, (at) => view.getUint16(at, little));
      case 5:
        return read(4, (at) => view.getInt32(at, little));
      case 6:
        return read(4, (at) => view.getUint32(at, little));
      case 7:
        return read(4, (at) => view.getFloat32(at, little));
      case 9:
        return read(8, (at) => view.getFloat64(at, little));
      case 12:
        return read(8, (at) => Number(view.getBigInt64(at, little)));
      case 13:
        return read(8, (at) => Number(view.getBigUint64(at, little)));
      default:
        throw new RangeError(`numbers of type ${type}`);
    }
  }

  private uint32(from: Buffer, at: number): number {
    return this.little ? from.readUInt32LE(at) : from.readUInt32BE(at);
  }
}
