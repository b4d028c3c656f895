import { nearest } from '../search/nearest.js';
import type { Store, StoredRow } from '../stores/store.js';

/** Rows in memory, compared one by one, until the durable stores are there. */
export function interimStore(dimensions: number): Store {
  const byId = new Map<string, StoredRow>();
  let matrix: { rows: StoredRow[]; values: Float32Array } | null = null;
  const packed = () => {
    if (matrix === null) {
      const rows = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      const values = new Float32Array(rows.length * dimensions);
      rows.forEach(({ vector }, at) => values.set(vector, at * dimensions));
      matrix = { rows, values };
    }
    return matrix;
  };
  return {
    dimensions,
    count: async (kind) => [...byId.values()].filter((row) => kind === undefined || row.kind === kind).length,
    async add(rows) {
      for (const row of rows) byId.set(row.id, row);
      matrix = null;
    },
    async remove(ids) {
      matrix = null;
      return ids.filter((id) => byId.delete(id)).length;
    },
    async nearest(query, top) {
      const { rows, values } = packed();
      return nearest(values, dimensions, query, top).map(({ row, similarity }) => {
        const { vector: _, ...rest } = rows[row] as StoredRow;
        return { ...rest, similarity };
      });
    },
    get: async (id) => byId.get(id) ?? null,
    async *rows(kind) {
      for (const row of packed().rows) if (kind === undefined || row.kind === kind) yield row;
    },
    async close() {},
  };
}
