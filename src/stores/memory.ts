import { byId, lastOfEach, neighbour, type RowWords, wordsOf } from './rows.js';
import type { Store, StoredRow } from './store.js';
import { vectorTable } from './vector-table.js';

/** A store that lasts as long as the process, searched exactly: for tests, and what the others are held to. */
export function memoryStore(dimensions: number): Store {
  const table = vectorTable(dimensions);
  const words = new Map<number, RowWords>();
  const keys = new Map<string, number>();
  let next = 0;
  const rowOf = (key: number): StoredRow => ({
    ...(words.get(key) as RowWords),
    vector: table.get(key) as Float32Array,
  });
  return {
    dimensions,
    count: async (kind) =>
      kind === undefined ? words.size : [...words.values()].reduce((n, row) => n + (row.kind === kind ? 1 : 0), 0),
    async add(rows) {
      for (const row of lastOfEach(rows, dimensions)) {
        const key = keys.get(row.id) ?? next++;
        keys.set(row.id, key);
        words.set(key, wordsOf(row));
        table.put(key, row.vector);
      }
    },
    async remove(ids) {
      let removed = 0;
      for (const id of ids) {
        const key = keys.get(id);
        if (key === undefined) continue;
        table.remove(key);
        words.delete(key);
        keys.delete(id);
        removed++;
      }
      return removed;
    },
    nearest: async (query, top) =>
      table.nearest(query, top).map(({ key, similarity }) => neighbour(words.get(key) as RowWords, similarity)),
    async get(id) {
      const key = keys.get(id);
      return key === undefined ? null : rowOf(key);
    },
    async *rows(kind) {
      for (const [, key] of [...keys].sort(([a], [b]) => byId(a, b))) {
        // A row may go while a reader takes its time.
        if (words.has(key) && (kind === undefined || words.get(key)?.kind === kind)) yield rowOf(key);
      }
    },
    async close() {},
  };
}
