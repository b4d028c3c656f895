import type { Database } from 'libsql';
import type { RowWords } from './rows.js';
import type { StoredRow } from './store.js';

export interface NumberedVector {
  readonly key: number;
  readonly vector: Float32Array;
}

/** The rows of an embedded store, in SQLite, under keys that are never used twice. */
export interface RowTable {
  count(kind?: StoredRow['kind']): number;
  countUpTo(key: number): number;
  /** The largest key that was ever given. */
  lastKey(): number;
  /** In one transaction. `replaced` are the keys of the rows whose place was taken. */
  write(rows: readonly StoredRow[]): { keys: NumberedVector[]; replaced: number[] };
  /** In one transaction; the keys of the rows that were there. */
  remove(ids: readonly string[]): number[];
  words(key: number): RowWords | null;
  vector(key: number): Float32Array | null;
  get(id: string): StoredRow | null;
  /** Rows after an id, by id. */
  page(after: string | null, kind?: StoredRow['kind']): StoredRow[];
  vectorsAfter(key: number, limit: number): NumberedVector[];
}

const PAGE = 256;

interface Line extends RowWords {
  readonly vector: Uint8Array;
}

/** Little-endian, as every processor that ft runs on has them. The bytes may lie anywhere, so they are copied. */
const toVector = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);
const toBytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
const toRow = ({ vector, ...words }: Line): StoredRow => ({ ...words, vector: toVector(vector) });

export function numberedRows(db: Database): RowTable {
  const words = 'id, class, file, path, kind, images';
  const sql = {
    count: db.prepare('SELECT count(*) AS n FROM rows'),
    countKind: db.prepare('SELECT count(*) AS n FROM rows WHERE kind = ?'),
    countUpTo: db.prepare('SELECT count(*) AS n FROM rows WHERE key <= ?'),
    lastKey: db.prepare("SELECT seq AS n FROM sqlite_sequence WHERE name = 'rows'"),
    keyOf: db.prepare('SELECT key AS n FROM rows WHERE id = ?'),
    insert: db.prepare(`INSERT INTO rows (${words}, vector) VALUES (?, ?, ?, ?, ?, ?, ?)`),
    remove: db.prepare('DELETE FROM rows WHERE key = ?'),
    words: db.prepare(`SELECT ${words} FROM rows WHERE key = ?`),
    vector: db.prepare('SELECT vector FROM rows WHERE key = ?'),
    get: db.prepare(`SELECT ${words}, vector FROM rows WHERE id = ?`),
    page: db.prepare(`SELECT ${words}, vector FROM rows WHERE id > ? ORDER BY id LIMIT ${PAGE}`),
    first: db.prepare(`SELECT ${words}, vector FROM rows ORDER BY id LIMIT ${PAGE}`),
    pageKind: db.prepare(`SELECT ${words}, vector FROM rows WHERE id > ? AND kind = ? ORDER BY id LIMIT ${PAGE}`),
    firstKind: db.prepare(`SELECT ${words}, vector FROM rows WHERE kind = ? ORDER BY id LIMIT ${PAGE}`),
    vectorsAfter: db.prepare('SELECT key, vector FROM rows WHERE key > ? ORDER BY key LIMIT ?'),
  };
  const number = (line: unknown) => (line as { n: number } | undefined)?.n;
  const transaction = <T>(work: () => T): T => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
  /** The key of the row that was there. */
  const take = (id: string): number | undefined => {
    const key = number(sql.keyOf.get(id));
    if (key !== undefined) sql.remove.run(key);
    return key;
  };
  return {
    count: (kind) => number(kind === undefined ? sql.count.get() : sql.countKind.get(kind)) as number,
    countUpTo: (key) => number(sql.countUpTo.get(key)) as number,
    lastKey: () => number(sql.lastKey.get()) ?? 0,
    write: (rows) =>
      transaction(() => {
        const keys: NumberedVector[] = [];
        const replaced: number[] = [];
        for (const { id, class: name, file, path, kind, images, vector } of rows) {
          const old = take(id);
          if (old !== undefined) replaced.push(old);
          const { lastInsertRowid } = sql.insert.run(id, name, file, path, kind, images, toBytes(vector));
          keys.push({ key: Number(lastInsertRowid), vector });
        }
        return { keys, replaced };
      }),
    remove: (ids) => transaction(() => ids.map(take).filter((key) => key !== undefined)),
    words: (key) => withoutRest(sql.words.get(key)),
    vector(key) {
      const line = sql.vector.get(key) as Pick<Line, 'vector'> | undefined;
      return line === undefined ? null : toVector(line.vector);
    },
    get(id) {
      const line = withoutRest<Line>(sql.get.get(id));
      return line === null ? null : toRow(line);
    },
    page(after, kind) {
      const lines =
        kind === undefined
          ? after === null
            ? sql.first.all()
            : sql.page.all(after)
          : after === null
            ? sql.firstKind.all(kind)
            : sql.pageKind.all(after, kind);
      return lines.map((line) => toRow(line as Line));
    },
    vectorsAfter: (key, limit) =>
      sql.vectorsAfter.all(key, limit).map((line) => {
        const { key: found, vector } = line as { key: number; vector: Uint8Array };
        return { key: found, vector: toVector(vector) };
      }),
  };
}

/** libsql adds how long a `get` took. */
function withoutRest<T extends RowWords = RowWords>(line: unknown): T | null {
  if (line === undefined) return null;
  const { _metadata, ...rest } = line as T & { _metadata?: unknown };
  return rest as unknown as T;
}
