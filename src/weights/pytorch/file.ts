import { UserError, unknownName } from '../../errors.js';
import { type ByteSource, bytesInMemory, takeBytes } from '../byte-source.js';
import { Bytes, shown } from './bytes.js';
import { LEGACY_MAGIC, readLegacy } from './legacy.js';
import { unpickle } from './pickle.js';
import type { PickleValue } from './pickle-values.js';
import { PytorchTensor } from './tensor.js';
import { readZipped } from './zip.js';

/** How every pickle of protocol 2 or later begins. */
const PROTO = 0x80;

/**
 * A file that `torch.save` wrote, in both of its formats, as plain values: tensors, dicts, lists, tuples, numbers, strings. Nothing in the
 * file is executed; what it asks for beyond that is refused by name (globals.ts). The bytes of a tensor are read when its values are asked
 * for. `where` is what an error calls the file.
 */
export async function readPytorch(file: Uint8Array | ByteSource, where: string): Promise<PickleValue> {
  const source = file instanceof Uint8Array ? bytesInMemory(file) : file;
  const start = takeBytes(source, 0, Math.min(2, source.size));
  if (start[0] === 0x50 && start[1] === 0x4b) return readZipped(source, where);
  const bytes = new Bytes(source, where);
  if (start[0] !== PROTO || unpickle(bytes) !== LEGACY_MAGIC) {
    throw new UserError({
      where,
      what: 'this is no file of PyTorch',
      expected: 'a file that torch.save wrote (a zip, or the magic number of before 1.6 as the first pickle)',
    });
  }
  return readLegacy(bytes);
}

/**
 * The tensors of a state dict by name. The root is the dict itself or a checkpoint that holds it under one key (`state_dict`,
 * `model`, …): where several entries are dicts of tensors, `key` says which.
 */
export function stateDict(root: PickleValue, where: string, key?: string): ReadonlyMap<string, PytorchTensor> {
  if (!(root instanceof Map)) throw new UserError({ where, what: 'the file holds no dict', expected: 'a state dict' });
  const own = tensorsOf(root);
  if (key === undefined && own !== undefined) return own;
  const nested = new Map<string, ReadonlyMap<string, PytorchTensor>>();
  for (const [name, value] of root) {
    const tensors = value instanceof Map ? tensorsOf(value) : undefined;
    if (typeof name === 'string' && tensors !== undefined) nested.set(name, tensors);
  }
  const names = [...nested.keys()];
  const chosen = key ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined) {
    throw new UserError({
      where,
      what: names.length === 0 ? 'the file holds no state dict' : 'the file holds several state dicts',
      expected: 'a dict of tensors, or one entry that is such a dict',
      found: names.length === 0 ? [...root.keys()].slice(0, 10).map(shown).join(', ') : names.map(shown).join(', '),
    });
  }
  const tensors = nested.get(chosen);
  if (tensors === undefined) throw new UserError(unknownName(chosen, names, 'state dict', where));
  return tensors;
}

/** The entries where all of them are tensors under names and there is one at least. */
function tensorsOf(dict: ReadonlyMap<unknown, PickleValue>): ReadonlyMap<string, PytorchTensor> | undefined {
  const tensors = new Map<string, PytorchTensor>();
  for (const [name, value] of dict) {
    if (typeof name !== 'string' || !(value instanceof PytorchTensor)) return undefined;
    tensors.set(name, value);
  }
  return tensors.size > 0 ? tensors : undefined;
}
