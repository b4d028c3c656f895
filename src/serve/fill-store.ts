import type { Store, StoredRow } from '../stores/store.js';
import { imageId } from './rows.js';

/** The images of a gallery. */
export interface GalleryImages {
  readonly files: readonly string[];
  readonly classes: readonly (string | null)[];
  /** Null where only vectors are known. */
  readonly paths: readonly string[] | null;
  /** Row-major [files.length, dimensions], each row of unit length. */
  readonly values: Float32Array;
  readonly dimensions: number;
}

/** Rows that are handed to the store at a time. */
const TOGETHER = 1000;

/** Makes the images of a store those of a gallery: what is new or changed is added, what is gone removed. Enrolled classes stay. */
export async function fillStore(store: Store, gallery: GalleryImages): Promise<{ added: number; removed: number }> {
  const ids = new Map(gallery.files.map((file, at) => [imageId(file), at]));
  const gone: string[] = [];
  const missing = new Set(ids.values());
  for await (const row of store.rows('image')) {
    const at = ids.get(row.id);
    if (at === undefined) gone.push(row.id);
    else if (equal(row, rowAt(gallery, at))) missing.delete(at);
  }
  if (gone.length > 0) await store.remove(gone);
  const added = [...missing];
  for (let from = 0; from < added.length; from += TOGETHER)
    await store.add(added.slice(from, from + TOGETHER).map((at) => rowAt(gallery, at)));
  return { added: added.length, removed: gone.length };
}

function rowAt({ files, classes, paths, values, dimensions }: GalleryImages, at: number): StoredRow {
  const file = files[at] as string;
  return {
    id: imageId(file),
    vector: values.slice(at * dimensions, (at + 1) * dimensions),
    class: classes[at] ?? null,
    file,
    path: paths?.[at] ?? null,
    kind: 'image',
    images: 1,
  };
}

function equal(a: StoredRow, b: StoredRow): boolean {
  return a.class === b.class && a.path === b.path && a.file === b.file && a.vector.every((value, i) => value === b.vector[i]);
}
