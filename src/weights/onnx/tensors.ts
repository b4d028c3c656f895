import type { onnx as Onnx } from 'onnx-proto';
import { UserError } from '../../errors.js';
import { type ElementType, elementCount, elementTypes, floatsIn, floatsOf } from '../elements.js';
import { shown } from '../pytorch/bytes.js';

/** A tensor of numbers that the file holds, or that follows from such. Nothing is decoded before it is asked for. */
export interface Constant {
  readonly shape: readonly number[];
  /** The elements in row-major order as float32. */
  readonly values: () => Float32Array;
  /** The elements as whole numbers. @throws UserError where the file stores them as fractions */
  readonly integers: () => number[];
}

/** Gives `length` bytes (all that follow where it is left out) of a file beside the model. */
export type ExternalData = (location: string, offset: number, length: number | undefined, where: string) => Buffer;

/** By ONNX's number of the data type. */
const TYPES: ReadonlyMap<number, ElementType> = new Map([
  [1, elementTypes.float32],
  [2, elementTypes.uint8],
  [3, elementTypes.int8],
  [5, elementTypes.int16],
  [6, elementTypes.int32],
  [7, elementTypes.int64],
  [9, elementTypes.bool],
  [10, elementTypes.float16],
  [11, elementTypes.float64],
  [16, elementTypes.bfloat16],
]);

const EXTERNAL = 1;

/** The tensor of a protobuf message. Its shape is checked now, that its numbers are all there when they are asked for. */
export function constantOf(tensor: Onnx.ITensorProto, where: string, external: ExternalData): Constant {
  const name = shown(tensor.name ?? '');
  const shape = (tensor.dims ?? []).map(Number);
  const count = elementCount(shape);
  if (count === undefined || shape.length > 8)
    throw new UserError({ where, what: `the weights ${name} have no shape`, found: `[${shape.slice(0, 8).join(', ')}]` });
  const type = TYPES.get(tensor.dataType ?? 0);
  const elements = (): Float32Array | number[] => {
    if (type === undefined)
      throw new UserError({
        where,
        what: `the weights ${name} are of ONNX data type ${tensor.dataType ?? 0}`,
        expected: [...TYPES].map(([number, { dtype }]) => `${number} (${dtype})`).join(', '),
      });
    const bytes = bytesOf(tensor, count * type.size, where, external);
    const found = bytes === undefined ? listed(tensor, type, count) : Math.floor(bytes.length / type.size);
    const length = typeof found === 'number' ? found : found.length;
    if (length !== count) {
      throw new UserError({
        where,
        what: `the weights ${name} are not whole`,
        expected: `${count} numbers`,
        found: `${length}`,
        mend: 'fetch it again',
      });
    }
    if (bytes === undefined) return found as number[];
    // What lies outside the messages was read for this alone.
    if (type.dtype !== 'int64') return tensor.dataLocation === EXTERNAL ? floatsIn(bytes, type) : floatsOf(bytes, type);
    return Array.from({ length }, (_, at) => type.read(bytes, at * type.size));
  };
  return {
    shape,
    values: () => {
      const found = elements();
      return found instanceof Float32Array ? found : Float32Array.from(found);
    },
    integers: () => {
      if (type?.dtype !== 'int64' && type?.dtype !== 'int32')
        throw new UserError({
          where,
          what: `the constant ${name} is of ONNX data type ${tensor.dataType ?? 0}`,
          expected: '7 (int64) or 6 (int32)',
        });
      return Array.from(elements());
    },
  };
}

function bytesOf(tensor: Onnx.ITensorProto, length: number, where: string, external: ExternalData): Buffer | undefined {
  if (tensor.dataLocation === EXTERNAL) {
    const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
    const of = `${where}: the weights ${shown(tensor.name ?? '')}`;
    const count = (key: string): number | undefined => {
      const text = entries.get(key);
      if (text === undefined) return undefined;
      if (!/^\d{1,15}$/.test(text))
        throw new UserError({ where: of, what: `the ${key} in the file beside it is no count of bytes`, found: shown(text) });
      return Number(text);
    };
    const given = count('length') ?? length;
    if (given !== length)
      throw new UserError({
        where: of,
        what: 'their part of the file beside it is of another length than their shape says',
        expected: `${length} bytes`,
        found: `${given}`,
      });
    return external(entries.get('location') ?? '', count('offset') ?? 0, length, of);
  }
  const raw = tensor.rawData;
  if (raw === undefined || raw === null || raw.length === 0) return undefined;
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}

/** The numbers where they are not raw bytes; 16-bit floats as the bits of whole numbers. */
function listed(tensor: Onnx.ITensorProto, type: ElementType, count: number): number[] {
  switch (type.dtype) {
    case 'float32':
      return tensor.floatData ?? [];
    case 'float64':
      return tensor.doubleData ?? [];
    case 'int64':
      return (tensor.int64Data ?? []).map(Number);
    case 'float16':
    case 'bfloat16': {
      const bits = tensor.int32Data ?? [];
      if (bits.length !== count) return bits;
      const bytes = Buffer.alloc(2 * count);
      for (const [at, one] of bits.entries()) bytes.writeUInt16LE(one & 0xffff, 2 * at);
      return Array.from(floatsOf(bytes, type));
    }
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint16':
    case 'uint8':
    case 'bool':
      return tensor.int32Data ?? [];
  }
}
