import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { maskedCrc32c } from '../../runtime/crc32c.js';
import { type ByteSource, bytesOfFile, takeBytes } from '../byte-source.js';
import type { NamedTensor, NamedTensors } from '../named-tensor.js';
import { type BundleEntry, readBundleIndex } from './bundle-index.js';
import { elementBytes, readElements } from './elements.js';

/**
 * The tensors of a TensorFlow checkpoint (`PREFIX.index` and `PREFIX.data-00000-of-00001`, …) by its keys; tensors of
 * strings, such as the graph of objects, are left out. A tensor is read, and its checksum looked at, when its values are
 * asked for.
 * @throws UserError where the index is broken, a data file is missing, or one is shorter than the index says
 */
export async function readCheckpoint(prefix: string): Promise<NamedTensors> {
  const where = `${prefix}.index`;
  const bytes = await readFile(where).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      where,
      what: error.code === 'ENOENT' ? 'there is no index of a checkpoint here' : `it cannot be read (${error.code})`,
      expected: 'PREFIX.index and PREFIX.data-00000-of-00001',
    });
  });
  const { shards, entries } = readBundleIndex(bytes, where);
  const shardsRead = new Map<number, ByteSource>();
  const tensors = new Map<string, NamedTensor>();
  for (const [key, entry] of entries) {
    const element = elementBytes(entry.dtype);
    if (element === undefined) continue;
    const file = `${prefix}.data-${String(entry.shard).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}`;
    const source = shardsRead.get(entry.shard) ?? dataFile(file);
    shardsRead.set(entry.shard, source);
    check(key, entry, element, source.size, file);
    tensors.set(key, { shape: entry.shape, values: () => readTensor(key, entry, source, file) });
  }
  return tensors;
}

function dataFile(file: string): ByteSource {
  if (existsSync(file)) return bytesOfFile(file);
  throw new UserError({
    where: file,
    what: 'a data file of the checkpoint is missing',
    mend: 'fetch the checkpoint again',
  });
}

function check(key: string, entry: BundleEntry, element: number, length: number, file: string): void {
  const size = entry.shape.reduce((product, dim) => product * dim, element);
  if (entry.sliced)
    throw new UserError({
      where: file,
      what: `the tensor '${key}' is stored in parts`,
      expected: 'a checkpoint of whole variables',
    });
  if (entry.shape.some((dim) => dim < 0) || size !== entry.size)
    throw new UserError({
      where: file,
      what: `the index says ${entry.size} bytes for '${key}'`,
      expected: `${size} for its shape [${entry.shape.join(', ')}]`,
      mend: 'fetch the checkpoint again',
    });
  if (entry.offset + entry.size > length)
    throw new UserError({
      where: file,
      what: `the file ends within '${key}'`,
      expected: `at least ${entry.offset + entry.size} bytes`,
      found: `${length} bytes`,
      mend: 'fetch the checkpoint again',
    });
}

function readTensor(key: string, entry: BundleEntry, source: ByteSource, file: string): Float32Array {
  const bytes = takeBytes(source, entry.offset, entry.size);
  if (maskedCrc32c(bytes) !== entry.checksum)
    throw new UserError({
      where: file,
      what: `the bytes of '${key}' have another checksum than the index says`,
      mend: 'fetch the checkpoint again',
    });
  return readElements(entry.dtype, bytes, file);
}
