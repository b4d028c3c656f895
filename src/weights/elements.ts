/**
 * The element types of files of weights. All are read as numbers: float64 and int64 lose what a double or float32 cannot
 * hold when they become a Float32Array, as any cast does.
 */
export interface ElementType {
  readonly dtype: Dtype;
  /** Bytes of an element. */
  readonly size: number;
  readonly read: (bytes: Buffer, at: number) => number;
}

export type Dtype =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint16'
  | 'uint8'
  | 'bool';

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function bfloat16(bytes: Buffer, at: number): number {
  scratch.setUint32(0, bytes.readUInt16LE(at) * 0x10000);
  return scratch.getFloat32(0);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction. */
function float16(bytes: Buffer, at: number): number {
  const bits = bytes.readUInt16LE(at);
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Little-endian, by name. */
export const elementTypes: Readonly<Record<Dtype, ElementType>> = {
  float64: { dtype: 'float64', size: 8, read: (bytes, at) => bytes.readDoubleLE(at) },
  float32: { dtype: 'float32', size: 4, read: (bytes, at) => bytes.readFloatLE(at) },
  float16: { dtype: 'float16', size: 2, read: float16 },
  bfloat16: { dtype: 'bfloat16', size: 2, read: bfloat16 },
  int64: { dtype: 'int64', size: 8, read: (bytes, at) => Number(bytes.readBigInt64LE(at)) },
  int32: { dtype: 'int32', size: 4, read: (bytes, at) => bytes.readInt32LE(at) },
  int16: { dtype: 'int16', size: 2, read: (bytes, at) => bytes.readInt16LE(at) },
  int8: { dtype: 'int8', size: 1, read: (bytes, at) => bytes.readInt8(at) },
  uint16: { dtype: 'uint16', size: 2, read: (bytes, at) => bytes.readUInt16LE(at) },
  uint8: { dtype: 'uint8', size: 1, read: (bytes, at) => bytes.readUInt8(at) },
  bool: { dtype: 'bool', size: 1, read: (bytes, at) => (bytes.readUInt8(at) === 0 ? 0 : 1) },
};

/** All elements of `bytes` as float32, in a copy. */
export function floatsOf(bytes: Buffer, type: ElementType): Float32Array {
  const values = new Float32Array(Math.floor(bytes.length / type.size));
  if (type.dtype === 'float32') bytes.copy(Buffer.from(values.buffer), 0, 0, 4 * values.length);
  else for (let at = 0; at < values.length; at++) values[at] = type.read(bytes, at * type.size);
  return values;
}

/** The same of bytes that nobody else has (`takeBytes`): those of float32 are not copied, so that a tensor is never there twice. */
export function floatsIn(bytes: Buffer, type: ElementType): Float32Array {
  if (type.dtype !== 'float32' || bytes.byteOffset % 4 !== 0) return floatsOf(bytes, type);
  return new Float32Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

/** Elements of a shape; undefined where a length is no whole number from 0 up, or there are more than a double can count. */
export function elementCount(shape: readonly unknown[]): number | undefined {
  let count = 1;
  for (const length of shape) {
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return undefined;
    count *= length;
  }
  return Number.isSafeInteger(count) ? count : undefined;
}
