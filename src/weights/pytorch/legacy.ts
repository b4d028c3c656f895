import { type Bytes, shown } from './bytes.js';
import { unpickle } from './pickle.js';
import type { PickleValue } from './pickle-values.js';
import { storagesOf } from './storages.js';

/** The first of the five pickles: how `torch.load` knows a file of before 1.6. */
export const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/**
 * The format of `torch.save` before PyTorch 1.6, and of `_use_new_zipfile_serialization=False` today: five pickles one after
 * another (magic number, protocol, system, the object, the keys of its storages), then each storage in that order: the number of
 * its elements in 8 bytes and the elements. `bytes` stands behind the magic number. (torch/serialization.py, `_legacy_save`)
 */
export function readLegacy(bytes: Bytes): PickleValue {
  const { refuse } = bytes;
  const protocol = unpickle(bytes);
  if (protocol !== PROTOCOL) refuse('this is another version of the file format of PyTorch', { expected: `${PROTOCOL}` });
  const system = unpickle(bytes);
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    refuse('the file was not written on a little-endian machine', { mend: 'save it on an x86 or ARM machine' });
  const storages = storagesOf(refuse);
  const root = unpickle(bytes, storages.load);
  const keys = unpickle(bytes);
  if (!Array.isArray(keys)) return refuse('the list of storages is no list');
  const left = new Set(storages.all.keys());
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.all.get(key) : undefined;
    if (storage === undefined || !left.delete(storage.key))
      return refuse(`the list of storages names ${shown(key)}, which no tensor uses, or names it twice`);
    const count = bytes.count('the length of a storage');
    if (count !== storage.length)
      refuse(`the storage ${shown(storage.key)} is of another length than its tensors say`, {
        expected: `${storage.length} elements`,
        found: `${count}`,
      });
    const from = bytes.skip(storage.length * storage.type.size, `the storage ${shown(storage.key)}`);
    storage.place = { source: bytes.source, from };
  }
  if (left.size > 0)
    refuse(`the file lacks ${left.size} of its storages`, { found: [...left].slice(0, 5).map(shown).join(', ') });
  if (bytes.left > 0) refuse(`${bytes.left} bytes follow the last storage`, { mend: 'fetch the file again' });
  return root;
}
