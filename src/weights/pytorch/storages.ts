import { type Refuse, shown } from './bytes.js';
import type { PersistentLoad } from './pickle.js';
import { PickledGlobal, PickledTuple } from './pickle-values.js';
import { Storage, storageTypes } from './storage.js';

/** The storages that a pickle names by persistent ids, by key; tensors that name the same key share one. */
export function storagesOf(refuse: Refuse): { all: ReadonlyMap<string, Storage>; load: PersistentLoad } {
  const all = new Map<string, Storage>();
  const load: PersistentLoad = (id) => {
    // ('storage', torch.FloatStorage, key, location, number of elements, and in legacy files the view of it or None)
    const [kind, type, key, , length, view] = id instanceof PickledTuple ? id.items : [];
    const element = type instanceof PickledGlobal ? storageTypes.get(type.name) : undefined;
    if (kind !== 'storage' || element === undefined || typeof key !== 'string')
      return refuse('a persistent id is not that of a storage', {
        expected: "('storage', torch.…Storage, key, location, length)",
      });
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0)
      return refuse(`the storage ${shown(key)} has no length`, { found: shown(length) });
    if (view !== undefined && view !== null)
      return refuse(`the storage ${shown(key)} is a view of another, as PyTorch wrote before 0.4`, {
        mend: 'load the file in a newer PyTorch and save it again',
      });
    const known = all.get(key);
    if (known !== undefined) {
      if (known.type === element && known.length === length) return known;
      return refuse(`the storage ${shown(key)} is named twice and differently`, {
        found: `${known.length} × ${known.type.dtype}, then ${length} × ${element.dtype}`,
      });
    }
    const storage = new Storage(key, element, length);
    all.set(key, storage);
    return storage;
  };
  return { all, load };
}
