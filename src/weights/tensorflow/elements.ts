import { UserError } from '../../errors.js';
import { DT } from '../../runtime/graph/proto.js';

/** How an element of each data type lies in little-endian bytes, and how it is read as a number. */
const ELEMENTS: ReadonlyMap<number, { name: string; bytes: number; read: (view: DataView, at: number) => number }> = new Map([
  [DT.float32, { name: 'float32', bytes: 4, read: (view: DataView, at: number) => view.getFloat32(at, true) }],
  [DT.float64, { name: 'float64', bytes: 8, read: (view: DataView, at: number) => view.getFloat64(at, true) }],
  [DT.int32, { name: 'int32', bytes: 4, read: (view: DataView, at: number) => view.getInt32(at, true) }],
  [DT.int64, { name: 'int64', bytes: 8, read: (view: DataView, at: number) => Number(view.getBigInt64(at, true)) }],
  [DT.uint8, { name: 'uint8', bytes: 1, read: (view: DataView, at: number) => view.getUint8(at) }],
  [DT.bool, { name: 'bool', bytes: 1, read: (view: DataView, at: number) => view.getUint8(at) }],
  [DT.bfloat16, { name: 'bfloat16', bytes: 2, read: (view: DataView, at: number) => upperHalf(view.getUint16(at, true)) }],
  [DT.float16, { name: 'float16', bytes: 2, read: (view: DataView, at: number) => half(view.getUint16(at, true)) }],
]);

/** Bytes of one element of a data type, or undefined where its elements are not numbers that ft reads. */
export function elementBytes(dtype: number): number | undefined {
  return ELEMENTS.get(dtype)?.bytes;
}

/** The elements that lie in `bytes` as float32. A data type that holds no numbers is an error. */
export function readElements(dtype: number, bytes: Uint8Array, where: string): Float32Array {
  const element = ELEMENTS.get(dtype);
  if (element === undefined)
    throw new UserError({
      where,
      what: `it is of TensorFlow's data type ${dtype}`,
      expected: [...ELEMENTS.values()].map(({ name }) => name).join(', '),
    });
  const count = Math.floor(bytes.length / element.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  if (dtype === DT.float32) new Uint8Array(values.buffer).set(bytes.subarray(0, 4 * count));
  else for (let at = 0; at < count; at++) values[at] = element.read(view, at * element.bytes);
  return values;
}

const bits = new DataView(new ArrayBuffer(4));

function upperHalf(value: number): number {
  bits.setUint32(0, value << 16);
  return bits.getFloat32(0);
}

function half(value: number): number {
  const exponent = (value >> 10) & 31;
  const fraction = value & 1023;
  const sign = value & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
