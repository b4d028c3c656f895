import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isQuantized, type Quantization, quantizeAffine, toHalf } from '../quantize.js';

/** Bytes in a weight file at most, as tfjs's own converter cuts them: browsers keep files of that size in their cache. */
const SHARD = 4 * 1024 * 1024;

export interface StoredWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** The entry of a group in a `weightsManifest`. */
export interface StoredGroup {
  readonly paths: readonly string[];
  readonly weights: readonly object[];
}

/** Writes weights one after the other into files `<name>-shard1of3.bin` of 4 MiB at most; gives the manifest's group that says where each lies. */
export async function writeWeightFiles(
  folder: string,
  name: string,
  weights: readonly StoredWeight[],
  quantization: Quantization | null,
): Promise<StoredGroup> {
  const stored = weights.map(({ name: weight, shape, values }) => {
    const [bytes, how] = encode(values, isQuantized(shape) ? quantization : null);
    const dtype = values instanceof Int32Array ? 'int32' : 'float32';
    return { bytes, entry: { name: weight, shape, dtype, ...(how === null ? {} : { quantization: how }) } };
  });
  const all = Buffer.concat(stored.map(({ bytes }) => bytes));
  const count = Math.max(1, Math.ceil(all.length / SHARD));
  const paths = Array.from({ length: count }, (_, at) => `${name}-shard${at + 1}of${count}.bin`);
  for (const [at, path] of paths.entries()) await writeFile(join(folder, path), all.subarray(at * SHARD, (at + 1) * SHARD));
  return { paths, weights: stored.map(({ entry }) => entry) };
}

function encode(values: Float32Array | Int32Array, quantization: Quantization | null): [Uint8Array, object | null] {
  if (values instanceof Int32Array || quantization === null) return [bytesOf(values), null];
  if (quantization === 'float16') return [bytesOf(toHalf(values)), { dtype: 'float16', original_dtype: 'float32' }];
  const { codes, min, scale } = quantizeAffine(values);
  return [codes, { dtype: 'uint8', min, scale, original_dtype: 'float32' }];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
