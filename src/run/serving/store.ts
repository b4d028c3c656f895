import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheFolder } from '../../runtime/folders.js';
import { openStore } from '../../stores/open.js';
import type { StoreRecord } from '../../stores/record.js';
import type { Store } from '../../stores/store.js';

/**
 * Where a gallery's rows and the pictures of enrolled classes are kept unless one says: in the cache that clones share, a folder for each pair
 * of model and gallery, so that what is enrolled is there again when the same is served again.
 */
export function servedFolder({ model }: StoreRecord, gallery: string | null): string {
  const key = createHash('sha256')
    .update(`${model}\n${gallery ?? ''}`)
    .digest('hex');
  return cacheFolder('serve', key.slice(0, 20));
}

/** @param where as `openStore` takes it; null: below `folder` */
export async function openServedStore(where: string | null, folder: string, record: StoreRecord): Promise<Store> {
  return openStore(where ?? join(folder, 'store'), record);
}
