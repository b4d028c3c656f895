import { closeSync, openSync, readSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { maskedCrc32c } from '../../runtime/crc32c.js';
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
  const lengths = new Map<number, number>();
  const tensors = new Map<string, NamedTensor>();
  for (const [key, entry] of entries) {
    const element = elementBytes(entry.dtype);
    if (element === undefined) continue;
    const file = `${prefix}.data-${String(entry.shard).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}`;
    const length = lengths.get(entry.shard) ?? (await lengthOf(file));
    lengths.set(entry.shard, length);
    check(key, entry, element, length, file);
    tensors.set(key, { shape: entry.shape, values: () => readTensor(key, entry, file) });
  }
  return tensors;
}

async function lengthOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      throw new UserError({
        where: file,
        what: error.code === 'ENOENT' ? 'a data file of the checkpoint is missing' : `it cannot be read (${error.code})`,
        mend: 'fetch the checkpoint again',
      });
    },
  );
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

function readTensor(key: string, entry: BundleEntry, file: string): Float32Array {
  const bytes = Buffer.alloc(entry.size);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, bytes, 0, entry.size, entry.offset);
  } finally {
    closeSync(descriptor);
  }
  if (maskedCrc32c(bytes) !== entry.checksum)
    throw new UserError({
      where: file,
      what: `the bytes of '${key}' have another checksum than the index says`,
      mend: 'fetch the checkpoint again',
    });
  return readElements(entry.dtype, bytes, file);
}
