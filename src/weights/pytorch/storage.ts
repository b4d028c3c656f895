/**
 * The element types of PyTorch's storages. All are read as numbers: float64 and int64 lose what a double or float32 cannot
 * hold when they become a Float32Array, as any cast does.
 */
interface ElementType {
  readonly dtype: Dtype;
  /** Bytes of an element. */
  readonly size: number;
  readonly read: (bytes: Buffer, at: number) => number;
}

export type Dtype = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool';

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

/** By the class that the pickle names, e.g. `torch.FloatStorage`. */
export const storageTypes: ReadonlyMap<string, ElementType> = new Map(
  Object.entries({
    'torch.DoubleStorage': { dtype: 'float64', size: 8, read: (bytes: Buffer, at: number) => bytes.readDoubleLE(at) },
    'torch.FloatStorage': { dtype: 'float32', size: 4, read: (bytes: Buffer, at: number) => bytes.readFloatLE(at) },
    'torch.HalfStorage': { dtype: 'float16', size: 2, read: float16 },
    'torch.BFloat16Storage': { dtype: 'bfloat16', size: 2, read: bfloat16 },
    'torch.LongStorage': { dtype: 'int64', size: 8, read: (bytes: Buffer, at: number) => Number(bytes.readBigInt64LE(at)) },
    'torch.IntStorage': { dtype: 'int32', size: 4, read: (bytes: Buffer, at: number) => bytes.readInt32LE(at) },
    'torch.ShortStorage': { dtype: 'int16', size: 2, read: (bytes: Buffer, at: number) => bytes.readInt16LE(at) },
    'torch.CharStorage': { dtype: 'int8', size: 1, read: (bytes: Buffer, at: number) => bytes.readInt8(at) },
    'torch.ByteStorage': { dtype: 'uint8', size: 1, read: (bytes: Buffer, at: number) => bytes.readUInt8(at) },
    'torch.BoolStorage': { dtype: 'bool', size: 1, read: (bytes: Buffer, at: number) => (bytes.readUInt8(at) === 0 ? 0 : 1) },
  } satisfies Record<string, ElementType>),
);

/** A flat piece of memory that tensors view. Its bytes are known once the file has been read to its end. */
export class Storage {
  /** A view into the file. */
  bytes: Buffer | undefined;

  constructor(
    readonly key: string,
    readonly type: ElementType,
    /** Number of elements. */
    readonly length: number,
  ) {}
}
