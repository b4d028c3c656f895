import { setImmediate } from 'node:timers/promises';
import { openIndex } from './near-index.js';
import { type NumberedVector, numberedRows, type RowTable } from './row-table.js';
import { inBatches, lastOfEach, neighbour, type RowWords } from './rows.js';
import { closeSqlite, openSqlite } from './sqlite.js';
import type { Store } from './store.js';
import { type Hit, vectorTable } from './vector-table.js';

/** Up to so many rows every one is compared: the build of an index costs as much as thousands of such searches (docs/stores.md). */
const EXACT_UP_TO = 100_000;
/** Candidates of the index for each row that is wanted, which are then compared exactly. */
const CANDIDATES = 4;
const BATCH = 1000;

export interface EmbeddedOptions {
  readonly dimensions: number;
  readonly model: string;
  /** For tests: rows from which on an index is used. */
  readonly exactUpTo?: number;
}

/** Finds rows by their vectors: all of them compared, or an index's candidates. */
interface Search {
  add(rows: readonly NumberedVector[]): void;
  remove(key: number): void;
  nearest(query: Float32Array, top: number): Hit[];
  /** Leaves on the disk what the next opening can use. */
  save(): void;
}

/**
 * A store in a folder: its rows in SQLite, one process at a time, each change on the disk when its promise is kept. The vectors
 * are in memory as well and are all compared; a store that has more than `exactUpTo` rows when it is opened has an HNSW index
 * beside it, whose candidates are compared exactly. The index is made from the rows, so nothing is lost with it.
 * @throws UserError as `openSqlite` says
 */
export async function embeddedStore(folder: string, options: EmbeddedOptions): Promise<Store> {
  const { dimensions, model, exactUpTo = EXACT_UP_TO } = options;
  const db = await openSqlite(folder, { dimensions, model });
  const rows = numberedRows(db);
  const search = rows.count() > exactUpTo ? await byIndex(folder, dimensions, rows) : await byTable(dimensions, rows);
  let open = true;
  return {
    dimensions,
    count: async (kind) => rows.count(kind),
    async add(added) {
      const { keys, replaced } = rows.write(lastOfEach(added, dimensions));
      for (const key of replaced) search.remove(key);
      search.add(keys);
    },
    async remove(ids) {
      const removed = rows.remove(ids);
      for (const key of removed) search.remove(key);
      return removed.length;
    },
    nearest: async (query, top) =>
      search.nearest(query, top).map(({ key, similarity }) => neighbour(rows.words(key) as RowWords, similarity)),
    get: async (id) => rows.get(id),
    async *rows(kind) {
      // By pages, each a query of its own: what is changed meanwhile disturbs none.
      for (let page = rows.page(null, kind); page.length > 0; page = rows.page(page.at(-1)?.id ?? '', kind)) yield* page;
    },
    async close() {
      if (!open) return;
      open = false;
      search.save();
      closeSqlite(db);
    },
  };
}

async function byTable(dimensions: number, rows: RowTable): Promise<Search> {
  const table = vectorTable(dimensions, rows.count());
  for await (const batch of vectorsAfter(0, rows)) for (const { key, vector } of batch) table.put(key, vector);
  return {
    add: (added) => {
      for (const { key, vector } of added) table.put(key, vector);
    },
    remove: (key) => table.remove(key),
    nearest: (query, top) => table.nearest(query, top),
    save: () => {},
  };
}

async function byIndex(folder: string, dimensions: number, rows: RowTable): Promise<Search> {
  const { index, upTo } = await openIndex(folder, dimensions, (key) => rows.countUpTo(key));
  let saved = upTo > 0;
  const add = (added: readonly NumberedVector[]) => {
    if (added.length > 0) saved = false;
    index.add(
      added.map(({ key }) => key),
      added.map(({ vector }) => vector),
    );
  };
  for await (const batch of vectorsAfter(upTo, rows)) add(batch);
  const save = () => {
    if (!saved) index.save(rows.lastKey());
    saved = true;
  };
  save();
  return {
    add: (added) => {
      for (const batch of inBatches(added, BATCH)) add(batch);
    },
    remove(key) {
      index.remove(key);
      saved = false;
    },
    nearest(query, top) {
      // Compared with the vectors themselves, in the way of the exact search: the index holds them in half precision.
      const near = vectorTable(dimensions, CANDIDATES * top);
      for (const key of index.candidates(query, CANDIDATES * top)) {
        const vector = rows.vector(key);
        if (vector !== null) near.put(key, vector);
      }
      return near.nearest(query, top);
    },
    save,
  };
}

async function* vectorsAfter(key: number, rows: RowTable): AsyncGenerator<readonly NumberedVector[]> {
  for (let after = key; ; ) {
    const batch = rows.vectorsAfter(after, BATCH);
    if (batch.length === 0) return;
    yield batch;
    after = (batch.at(-1) as NumberedVector).key;
    // Other work of the process gets its turn.
    await setImmediate();
  }
}
