import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { UserError } from '../errors.js';
import { checkRecord, type StoreRecord } from './record.js';
import { inBatches, lastOfEach, neighbour, type RowWords, wordsOf } from './rows.js';
import type { Store, StoredRow } from './store.js';

/** pgvector's HNSW takes no longer vectors; longer ones are compared one by one. */
const MOST_INDEXED = 2000;
/** pgvector's own limit of hnsw.ef_search, the candidates that a search looks at. */
const MOST_CANDIDATES = 1000;
const LEAST_CANDIDATES = 200;
const PAGE = 256;
const BATCH = 500;
const WORDS = 'id, class, file, path, kind, images';

type Line = RowWords & { readonly vector: string };

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const toText = (vector: Float32Array) => `[${vector.join(',')}]`;
const toRow = (line: Line): StoredRow => ({ ...wordsOf(line), vector: Float32Array.from(JSON.parse(line.vector) as number[]) });

/** Names in PostgreSQL hold 63 bytes; a longer one would be cut off there, and two galleries might be one. */
function tableOf(gallery: string): string {
  const name = `ft_gallery_${gallery}`;
  if (Buffer.byteLength(name) <= 63) return name;
  return `ft_gallery_${createHash('sha256').update(gallery).digest('hex').slice(0, 32)}`;
}

/**
 * A store in PostgreSQL with pgvector: a table for each gallery, an HNSW index over cosine (Malkov, Yashunin 2018), and a table
 * `ft_stores` that says what each holds. Several processes may have it open. A statement is durable when it is answered, as far
 * as the server's `synchronous_commit` and `fsync` are left on.
 *
 * @param url postgres://user:password@host:port/database?gallery=NAME (`gallery` is `main` where it isn't given)
 * @throws UserError where the server doesn't answer, has no pgvector, or the gallery holds other vectors
 */
export async function postgresStore(url: URL, wanted: StoreRecord): Promise<Store> {
  const gallery = url.searchParams.get('gallery') ?? 'main';
  const address = new URL(url);
  address.searchParams.delete('gallery');
  const where = `postgres://${url.host}${url.pathname}, gallery '${gallery}'`;
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString: address.href, max: 4, connectionTimeoutMillis: 10_000 });
  // A connection that breaks while nobody uses it: the next use says so to whom it concerns.
  pool.on('error', () => {});
  const name = tableOf(gallery);
  const table = quoted(name);
  try {
    await transaction(pool, (client) => prepare(client, name, gallery, wanted, where));
  } catch (error) {
    await pool.end();
    throw error instanceof UserError ? error : cannotOpen(error as Error & { code?: string }, where);
  }
  const { dimensions } = wanted;
  let closed: Promise<void> | null = null;
  const lines = async (sql: string, values: unknown[]) => (await pool.query<Line>(sql, values)).rows;
  return {
    dimensions,
    async count(kind) {
      const sql = `SELECT count(*)::int AS n FROM ${table} WHERE $1::text IS NULL OR kind = $1`;
      return (await pool.query<{ n: number }>(sql, [kind ?? null])).rows[0]?.n as number;
    },
    async add(rows) {
      const last = lastOfEach(rows, dimensions);
      if (last.length === 0) return;
      await transaction(pool, async (client) => {
        for (const batch of inBatches(last, BATCH)) await upsert(client, table, batch);
      });
    },
    remove: async (ids) => (await pool.query(`DELETE FROM ${table} WHERE id = ANY($1::text[])`, [ids])).rowCount ?? 0,
    nearest: (query, top) =>
      transaction(pool, async (client) => {
        // More than the index can look at: then every row is compared.
        if (top > MOST_CANDIDATES) await client.query('SET LOCAL enable_indexscan = off');
        else if (dimensions <= MOST_INDEXED) {
          await client.query(`SET LOCAL hnsw.ef_search = ${Math.max(LEAST_CANDIDATES, Math.ceil(top))}`);
        }
        const sql = `SELECT ${WORDS}, 1 - (vector <=> $1::vector) AS similarity FROM ${table} ORDER BY vector <=> $1::vector LIMIT $2`;
        const { rows } = await client.query<RowWords & { similarity: number }>(sql, [toText(query), top]);
        return rows.map((row) => neighbour(row, row.similarity));
      }),
    async get(id) {
      const line = (await lines(`SELECT ${WORDS}, vector::text FROM ${table} WHERE id = $1`, [id]))[0];
      return line === undefined ? null : toRow(line);
    },
    async *rows(kind) {
      const sql = `SELECT ${WORDS}, vector::text FROM ${table}
        WHERE ($1::text IS NULL OR id > $1) AND ($2::text IS NULL OR kind = $2) ORDER BY id LIMIT ${PAGE}`;
      for (let after: string | null = null; ; ) {
        const page: Line[] = await lines(sql, [after, kind ?? null]);
        for (const line of page) yield toRow(line);
        if (page.length < PAGE) return;
        after = page.at(-1)?.id ?? null;
      }
    },
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failed: Error) => {
      broken = failed;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Makes what is missing, once even if two processes begin together: the advisory lock lasts until the transaction ends. */
async function prepare(client: PoolClient, name: string, gallery: string, wanted: StoreRecord, where: string): Promise<void> {
  const { dimensions, model } = wanted;
  await client.query("SELECT pg_advisory_xact_lock(hashtext('ft_stores'))");
  // Asked for first: who may not create an extension can use one that is there.
  const { rowCount } = await client.query("SELECT FROM pg_extension WHERE extname = 'vector'");
  if (rowCount === 0) await client.query('CREATE EXTENSION IF NOT EXISTS vector');
  await client.query(
    'CREATE TABLE IF NOT EXISTS ft_stores (gallery text PRIMARY KEY, dimensions integer NOT NULL, model text NOT NULL)',
  );
  await client.query('INSERT INTO ft_stores VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [gallery, dimensions, model]);
  const { rows } = await client.query<StoreRecord>('SELECT dimensions, model FROM ft_stores WHERE gallery = $1', [gallery]);
  checkRecord(rows[0] as StoreRecord, wanted, where);
  await client.query(`CREATE TABLE IF NOT EXISTS ${quoted(name)} (
    id text COLLATE "C" PRIMARY KEY, vector vector(${dimensions}) NOT NULL, class text, file text NOT NULL, path text,
    kind text NOT NULL, images integer NOT NULL)`);
  if (dimensions <= MOST_INDEXED) {
    const index = quoted(`ft_near_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`);
    await client.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${quoted(name)} USING hnsw (vector vector_cosine_ops)`);
  }
}

/** One statement for a batch: a column of values for each column of the table. */
async function upsert(client: PoolClient, table: string, rows: readonly StoredRow[]): Promise<void> {
  const sql = `INSERT INTO ${table} (${WORDS}, vector)
    SELECT ${WORDS}, vector::vector FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[])
      AS new(${WORDS}, vector)
    ON CONFLICT (id) DO UPDATE SET vector = EXCLUDED.vector, class = EXCLUDED.class, file = EXCLUDED.file, path = EXCLUDED.path,
      kind = EXCLUDED.kind, images = EXCLUDED.images`;
  const words = (['id', 'class', 'file', 'path', 'kind', 'images'] as const).map((column) => rows.map((row) => row[column]));
  await client.query(sql, [...words, rows.map(({ vector }) => toText(vector))]);
}

function cannotOpen(error: Error & { code?: string }, where: string): Error {
  const { code = '', message } = error;
  // 0A000, 58P01, 42501: no such extension here, its file is missing, or not allowed to add it. 42704: too old for hnsw.
  if (/extension "vector"/.test(message) || code === '58P01' || /access method "hnsw"/.test(message)) {
    return new UserError({
      what: 'this PostgreSQL has no pgvector 0.5 or newer',
      where,
      found: message,
      mend: 'install it there (Debian: apt-get install postgresql-17-pgvector), and as its owner CREATE EXTENSION vector',
    });
  }
  const system = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH', 'EAI_AGAIN'].includes(code);
  if (system || /^(28|3D|42501|08|53|57)/.test(code) || /timeout|terminated|SSL|password|SASL/i.test(message)) {
    return new UserError({
      what: 'PostgreSQL cannot be used',
      where,
      found: message || code,
      mend: 'check the address, the name and the password of --store, and that the server runs',
    });
  }
  return error;
}
