import { open, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Fault, UserError } from '../errors.js';
import { type Broken, headerOfBytes, headerOfFile, type SafetensorsHeader } from '../runtime/safetensors-header.js';
import { type ByteSource, bytesInMemory, bytesOfFile, type Scratch, takeBytes } from './byte-source.js';
import { type ElementType, elementTypes, floatsIn } from './elements.js';
import type { NamedTensor, NamedTensors } from './named-tensor.js';
import { shown } from './pytorch/bytes.js';

const TYPES: ReadonlyMap<string, ElementType> = new Map([
  ['F64', elementTypes.float64],
  ['F32', elementTypes.float32],
  ['F16', elementTypes.float16],
  ['BF16', elementTypes.bfloat16],
  ['I64', elementTypes.int64],
  ['I32', elementTypes.int32],
  ['I16', elementTypes.int16],
  ['I8', elementTypes.int8],
  ['U8', elementTypes.uint8],
  ['BOOL', elementTypes.bool],
]);

/** The largest index that is read: names alone. */
const LARGEST_INDEX = 100e6;

/**
 * The tensors of a safetensors file, or of the shards that a `model.safetensors.index.json` names. The headers are read and checked now,
 * the values of a tensor when they are asked for, one tensor at a time.
 * @throws UserError where a header is not whole, tensors overlap, leave holes or reach beyond the file, or the index and its
 * shards disagree
 */
export async function readSafetensors(path: string): Promise<NamedTensors> {
  return path.endsWith('.json') ? readSharded(path) : readOne(path);
}

/** The same from the bytes of one file. `where` is what an error calls it. */
export function safetensorsOf(bytes: Uint8Array, where: string): NamedTensors {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const broken = refuse(where);
  return tensorsOf(headerOfBytes(file, broken), where, bytesInMemory(file));
}

async function readOne(path: string): Promise<NamedTensors> {
  const broken = refuse(path);
  const file = await open(path).catch((error: NodeJS.ErrnoException) =>
    broken(error.code === 'ENOENT' ? 'no such file' : error.message),
  );
  try {
    const { size } = await file.stat();
    const header = await headerOfFile(file, size, broken);
    return tensorsOf(header, path, bytesOfFile(path));
  } finally {
    await file.close();
  }
}

function tensorsOf({ entries }: SafetensorsHeader, where: string, source: ByteSource): Map<string, NamedTensor> {
  return new Map(
    [...entries].map(([name, entry]) => {
      const values = (scratch?: Scratch): Float32Array => {
        const type = TYPES.get(entry.dtype);
        if (type === undefined)
          throw new UserError({
            where,
            what: `the tensor ${shown(name)} is of the type ${entry.dtype}, which ft does not read`,
            expected: [...TYPES.keys()].join(', '),
          });
        return floatsIn(takeBytes(source, entry.from, entry.to - entry.from, scratch), type);
      };
      return [name, { shape: entry.shape, values }];
    }),
  );
}

/** `{"weight_map": {"conv1.weight": "model-00001-of-00002.safetensors", …}}`; the shards lie beside the index. */
async function readSharded(path: string): Promise<NamedTensors> {
  const places = await readIndex(path);
  const shards = new Map<string, NamedTensors>();
  for (const file of new Set(places.values())) shards.set(file, await readOne(join(dirname(path), file)));
  const faults: Fault[] = [];
  const tensors = new Map<string, NamedTensor>();
  for (const [name, file] of places) {
    const tensor = shards.get(file)?.get(name);
    if (tensor === undefined) faults.push({ where: path, what: `the shard ${shown(file)} lacks the tensor ${shown(name)}` });
    else tensors.set(name, tensor);
  }
  for (const [file, shard] of shards) {
    for (const name of shard.keys()) {
      if (places.get(name) !== file)
        faults.push({
          where: path,
          what: `the shard ${shown(file)} holds the tensor ${shown(name)}, which the index has not there`,
        });
    }
  }
  const [first, ...rest] = faults.slice(0, 20);
  if (first !== undefined) throw new UserError(first, ...rest);
  return tensors;
}

async function readIndex(path: string): Promise<Map<string, string>> {
  const fail = (found: string): never => {
    throw new UserError({
      where: path,
      what: 'this is no index of safetensors files',
      expected: '{"weight_map": {NAME: FILE, …}}, with the files beside it',
      found,
    });
  };
  const file = await open(path).catch((error: NodeJS.ErrnoException) =>
    fail(error.code === 'ENOENT' ? 'no such file' : error.message),
  );
  const { size } = await file.stat().finally(() => file.close());
  if (size > LARGEST_INDEX) fail(`${size} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    return fail((error as Error).message);
  }
  const map = (Object(json) as Record<string, unknown>).weight_map;
  if (typeof map !== 'object' || map === null) return fail('no weight_map');
  const places = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    // A name and no path: an index from elsewhere must not open other folders' files.
    if (typeof shard !== 'string' || shard !== basename(shard) || shard.includes('\\') || !shard.endsWith('.safetensors'))
      return fail(`the file ${shown(shard)} for ${shown(name)}`);
    places.set(name, shard);
  }
  return places;
}

function refuse(where: string): Broken {
  return (found) => {
    throw new UserError({ where, what: 'this is not a whole safetensors file', found, mend: 'fetch it again' });
  };
}
