/**
 * The stores that were weighed up, each as little code as its documentation asks for. They are loaded from a folder of the cache,
 * so their types are not known here; what is used of each stands below.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { nearest } from '../../../src/search/nearest.js';
import { openStore } from '../../../src/stores/open.js';
import { DIMENSIONS } from './vectors.js';

export interface Opened {
  /** Rows `first`, `first + 1`, …; they have to be there after a kill -9 once this is done. */
  add(first: number, vectors: Float32Array): Promise<void>;
  /** After the last row of the first build: makes the index. */
  finish(): Promise<void>;
  /** Row numbers, the nearest first. */
  nearest(query: Float32Array, top: number): Promise<number[]>;
  count(): Promise<number>;
  close(): Promise<void>;
}

export interface Candidate {
  readonly name: string;
  open(folder: string, packages: NodeJS.Require, rows: number): Promise<Opened>;
}

// biome-ignore lint/suspicious/noExplicitAny: packages that are not among ft's own
type Untyped = any;

const CONNECTIVITY = 16;
const EXPANSION = 128;

const bytes = (vectors: Float32Array, i: number) =>
  Buffer.from(vectors.buffer, vectors.byteOffset + i * DIMENSIONS * 4, DIMENSIONS * 4);

/** Durable as SQLite has it: each transaction is in the log and on the disk before it is said to be done. */
function openSqlite(folder: string, packages: NodeJS.Require): Untyped {
  mkdirSync(folder, { recursive: true });
  const Database = packages('libsql');
  const db = new Database(join(folder, 'rows.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  return db;
}

/** One transaction for a batch. */
function insertAll(db: Untyped, sql: string, first: number, vectors: Float32Array): void {
  const insert = db.prepare(sql);
  db.exec('BEGIN');
  for (let i = 0; i < vectors.length / DIMENSIONS; i++) insert.run(first + i, bytes(vectors, i));
  db.exec('COMMIT');
}

/** Rows in SQLite, all of them in memory too, compared one by one. */
const exact: Candidate = {
  name: 'SQLite (libsql), exact in memory',
  async open(folder, packages) {
    const db = openSqlite(folder, packages);
    db.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, vector BLOB NOT NULL)');
    const count = () => db.prepare('SELECT count(*) AS n FROM items').get().n as number;
    let gallery = new Float32Array(count() * DIMENSIONS);
    let used = 0;
    for (const { vector } of db.prepare('SELECT vector FROM items ORDER BY id').iterate()) {
      gallery.set(new Float32Array(new Uint8Array(vector).buffer), used);
      used += DIMENSIONS;
    }
    return {
      async add(first, vectors) {
        insertAll(db, 'INSERT INTO items VALUES (?, ?)', first, vectors);
        if (used + vectors.length > gallery.length) {
          const wider = new Float32Array(Math.max(used + vectors.length, Math.ceil(gallery.length * 1.5)));
          wider.set(gallery.subarray(0, used));
          gallery = wider;
        }
        gallery.set(vectors, used);
        used += vectors.length;
      },
      async finish() {},
      nearest: async (query, top) => nearest(gallery.subarray(0, used), DIMENSIONS, query, top).map(({ row }) => row),
      count: async () => count(),
      close: async () => db.close(),
    };
  },
};

/** ft's own: rows in SQLite, and beyond 100,000 of them usearch's index, whose candidates are compared exactly. */
const own: Candidate = {
  name: 'ft: SQLite and usearch f16',
  async open(folder) {
    const open = () => openStore(folder, { dimensions: DIMENSIONS, model: 'bench' });
    let store = await open();
    return {
      add: (first, vectors) =>
        store.add(
          Array.from({ length: vectors.length / DIMENSIONS }, (_, i) => ({
            id: String(first + i),
            vector: vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS),
            class: null,
            file: `images/${first + i}.jpg`,
            path: null,
            kind: 'image' as const,
            images: 1,
          })),
        ),
      // The index is made at the first opening with so many rows.
      async finish() {
        await store.close();
        store = await open();
      },
      nearest: async (query, top) => (await store.nearest(query, top)).map(({ id }) => Number(id)),
      count: () => store.count(),
      close: () => store.close(),
    };
  },
};

/** vec0 compares all rows one by one, in C, reading them from the file. */
const sqliteVec: Candidate = {
  name: 'sqlite-vec (on libsql)',
  async open(folder, packages) {
    const db = openSqlite(folder, packages);
    db.loadExtension(packages('sqlite-vec').getLoadablePath());
    db.exec(
      `CREATE VIRTUAL TABLE IF NOT EXISTS items USING vec0(id INTEGER PRIMARY KEY, vector float[${DIMENSIONS}] distance_metric=cosine)`,
    );
    return {
      add: async (first, vectors) =>
        insertAll(db, 'INSERT INTO items(id, vector) VALUES (CAST(? AS INTEGER), ?)', first, vectors),
      async finish() {},
      nearest: async (query, top) =>
        db
          .prepare('SELECT id FROM items WHERE vector MATCH ? AND k = CAST(? AS INTEGER) ORDER BY distance')
          .all(bytes(query, 0), top)
          .map(({ id }: { id: number }) => id),
      count: async () => db.prepare('SELECT count(*) AS n FROM items').get().n,
      close: async () => db.close(),
    };
  },
};

/** libSQL's own index, DiskANN, kept in the file. */
const diskann: Candidate = {
  name: 'libsql, DiskANN',
  async open(folder, packages) {
    const db = openSqlite(folder, packages);
    db.exec(`CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, vector F32_BLOB(${DIMENSIONS}) NOT NULL)`);
    return {
      add: async (first, vectors) => insertAll(db, 'INSERT INTO items VALUES (?, ?)', first, vectors),
      async finish() {
        db.exec('CREATE INDEX IF NOT EXISTS near ON items (libsql_vector_idx(vector))');
      },
      nearest: async (query, top) =>
        db
          .prepare("SELECT id FROM vector_top_k('near', ?, CAST(? AS INTEGER))")
          .all(bytes(query, 0), top)
          .map(({ id }: { id: number }) => id),
      count: async () => db.prepare('SELECT count(*) AS n FROM items').get().n,
      close: async () => db.close(),
    };
  },
};

/** An index alone: it is saved as one whole file, so a row that was added is on the disk only after that. */
const usearch = (quantization: 'f32' | 'f16'): Candidate => ({
  name: `usearch, HNSW ${quantization}`,
  async open(folder, packages) {
    mkdirSync(folder, { recursive: true });
    const { Index } = packages('usearch');
    const path = join(folder, 'index.usearch');
    const index = new Index({
      metric: 'cos',
      quantization,
      dimensions: DIMENSIONS,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION,
      expansion_search: EXPANSION,
    });
    if (existsSync(path)) index.load(path);
    return {
      async add(first, vectors) {
        const keys = BigUint64Array.from({ length: vectors.length / DIMENSIONS }, (_, i) => BigInt(first + i));
        index.add(keys, vectors, 2);
      },
      finish: async () => index.save(path),
      nearest: async (query, top) => Array.from(index.search(query, top).keys as BigUint64Array, Number),
      count: async () => index.size(),
      close: async () => index.save(path),
    };
  },
});

type LanceIndex = 'none' | 'IVF-HNSW-SQ' | 'IVF-PQ';
const lance = (kind: LanceIndex): Candidate => ({
  name: `LanceDB, ${kind === 'none' ? 'no index' : kind}`,
  async open(folder, packages, rows) {
    const lancedb = packages('@lancedb/lancedb');
    const arrow = packages('apache-arrow');
    const db = await lancedb.connect(folder);
    let table: Untyped = (await db.tableNames()).includes('items') ? await db.openTable('items') : null;
    const batch = (first: number, vectors: Float32Array) => {
      const length = vectors.length / DIMENSIONS;
      const field = new arrow.Field('item', new arrow.Float32(), true);
      const list = arrow.makeData({
        type: new arrow.FixedSizeList(DIMENSIONS, field),
        length,
        nullCount: 0,
        child: arrow.makeData({ type: new arrow.Float32(), data: vectors, length: vectors.length }),
      });
      const ids = arrow.makeVector(Int32Array.from({ length }, (_, i) => first + i));
      return new arrow.Table({ id: ids, vector: new arrow.Vector([list]) });
    };
    return {
      async add(first, vectors) {
        if (table === null) table = await db.createTable('items', batch(first, vectors));
        else await table.add(batch(first, vectors));
      },
      async finish() {
        await table.optimize();
        const numPartitions = Math.max(1, Math.round(Math.sqrt(rows) / 8));
        if (kind === 'IVF-HNSW-SQ') {
          const config = lancedb.Index.hnswSq({
            distanceType: 'cosine',
            numPartitions,
            m: CONNECTIVITY,
            efConstruction: EXPANSION,
          });
          await table.createIndex('vector', { config });
        } else if (kind === 'IVF-PQ') {
          const config = lancedb.Index.ivfPq({
            distanceType: 'cosine',
            numPartitions: Math.round(Math.sqrt(rows)),
            numSubVectors: 32,
          });
          await table.createIndex('vector', { config });
        }
      },
      async nearest(query, top) {
        let search = table.query().nearestTo(query).distanceType('cosine').select(['id']).limit(top);
        if (kind === 'IVF-HNSW-SQ') search = search.nprobes(20).ef(EXPANSION).refineFactor(3);
        if (kind === 'IVF-PQ') search = search.nprobes(20).refineFactor(10);
        return (await search.toArray()).map(({ id }: { id: number }) => id);
      },
      count: () => table.countRows(),
      async close() {
        table?.close();
        db.close();
      },
    };
  },
});

export const CANDIDATES: readonly Candidate[] = [
  exact,
  own,
  sqliteVec,
  diskann,
  usearch('f32'),
  usearch('f16'),
  lance('none'),
  lance('IVF-HNSW-SQ'),
  lance('IVF-PQ'),
];

/** Packages whose binary comes by an install script only; what loading them says. */
export function leftOut(packages: NodeJS.Require): [string, string][] {
  return ['hnswlib-node', 'better-sqlite3'].flatMap((name) => {
    try {
      const loaded = packages(name);
      if (name === 'better-sqlite3') new loaded(':memory:').close();
      return [];
    } catch (error) {
      const { version } = JSON.parse(readFileSync(packages.resolve(`${name}/package.json`), 'utf8')) as { version: string };
      return [[`${name} ${version}`, (error as Error).message.split('\n')[0] as string]];
    }
  });
}

export const packagesIn = (folder: string): NodeJS.Require => createRequire(join(folder, 'package.json'));
