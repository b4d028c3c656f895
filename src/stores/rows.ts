import { asCosine } from '../search/nearest.js';
import type { StoredNeighbour, StoredRow } from './store.js';

/** What a store keeps of a row beside its vector. */
export type RowWords = Omit<StoredRow, 'vector'>;

/** The words of a row, a table's line or a payload, without what else it holds. */
export function wordsOf({ id, class: name, file, path, kind, images }: RowWords): RowWords {
  return { id, class: name, file, path, kind, images };
}

export const neighbour = (words: RowWords, similarity: number): StoredNeighbour => ({
  ...wordsOf(words),
  similarity: asCosine(similarity),
});

/**
 * The last row of each id: one call may hold an id twice, and no database takes that in one statement.
 * @throws RangeError for a vector of another length
 */
export function lastOfEach(rows: readonly StoredRow[], dimensions: number): StoredRow[] {
  const last = new Map<string, StoredRow>();
  for (const row of rows) {
    if (row.vector.length !== dimensions) {
      throw new RangeError(`row '${row.id}' has a vector of ${row.vector.length} numbers, the store of ${dimensions}`);
    }
    last.set(row.id, row);
  }
  return [...last.values()];
}

/** Ids in the order of their UTF-8 bytes, as SQLite and PostgreSQL's collation "C" have it. */
export function byId(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function* inBatches<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
