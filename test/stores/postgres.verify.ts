import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/stores/open.js';
import { behaves } from './behaviour.js';
import { type Cluster, startCluster } from './cluster.js';
import { DIMENSIONS, MODEL, row, unit } from './rows.js';

let cluster: Cluster;
let admin: pg.Pool;
beforeAll(async () => {
  cluster = await startCluster();
  admin = new pg.Pool({ connectionString: cluster.url });
  admin.on('error', () => {});
}, 600_000);
afterAll(async () => {
  await admin?.end();
  cluster?.stop();
});

const GALLERY = 'it\'s a "gallery"';
const open = (gallery = GALLERY, dimensions = DIMENSIONS, model = MODEL) =>
  openStore(`${cluster.url}?gallery=${encodeURIComponent(gallery)}`, { dimensions, model });

async function fresh() {
  const { rows } = await admin.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  for (const { tablename } of rows) await admin.query(`DROP TABLE "${tablename.replaceAll('"', '""')}"`);
  return open();
}

behaves('the store in PostgreSQL', { fresh, reopen: open });

describe('a store in PostgreSQL', () => {
  it('searches by its HNSW index once the gallery is large, and finds nearly all of what a loop finds', async () => {
    const store = await fresh();
    const rows = Array.from({ length: 5000 }, (_, i) => row(i));
    await store.add(rows);
    await admin.query('ANALYZE');
    const table = `"ft_gallery_${GALLERY.replaceAll('"', '""')}"`;
    const explained = await admin.query(`EXPLAIN SELECT id FROM ${table} ORDER BY vector <=> '[${unit(1).join(',')}]' LIMIT 10`);
    expect(JSON.stringify(explained.rows)).toContain('Index Scan using ft_near_');
    let hits = 0;
    for (let seed = 9000; seed < 9050; seed++) {
      const query = unit(seed);
      const cosine = (vector: Float32Array) => vector.reduce((sum, value, i) => sum + value * (query[i] as number), 0);
      const right = rows
        .map(({ id, vector }) => ({ id, similarity: cosine(vector) }))
        .sort((a, b) => b.similarity - a.similarity);
      const wanted = new Set(right.slice(0, 10).map(({ id }) => id));
      for (const { id } of await store.nearest(query, 10)) if (wanted.has(id)) hits++;
    }
    expect(hits).toBeGreaterThanOrEqual(490);
    // More than the index looks at: every row is compared.
    expect(await store.nearest(unit(1), 3000)).toHaveLength(3000);
    await store.close();
  });

  it('has every row whose promise was kept when the server crashes', async () => {
    const store = await fresh();
    for (let i = 0; i < 20; i++) await store.add([row(i)]);
    cluster.crash();
    const again = await open();
    expect(await again.count()).toBe(20);
    // The one that was open before goes on, on new connections.
    expect((await store.nearest(row(3).vector, 1))[0]?.id).toBe('image-003');
    await store.close();
    await again.close();
  });

  it('keeps galleries apart, and refuses vectors of another length or model', async () => {
    const store = await fresh();
    await store.add([row(1)]);
    const other = await open('other', 20, 'another model');
    expect(await other.count()).toBe(0);
    await expect(open(GALLERY, 20)).rejects.toThrow('the store holds vectors of another length');
    await expect(open(GALLERY, DIMENSIONS, 'another model')).rejects.toThrow(
      /another model's vectors[\s\S]*those of sha256:0123/,
    );
    await store.close();
    await other.close();
  });

  it('is opened by several at once while it is empty', async () => {
    await (await fresh()).close();
    await admin.query(`DROP TABLE ft_stores`);
    const stores = await Promise.all([open('new'), open('new'), open('new')]);
    await stores[0]?.add([row(1)]);
    expect(await stores[2]?.count()).toBe(1);
    for (const store of stores) await store.close();
  });

  it('takes vectors that are too long for an index', async () => {
    const store = await open('long', 2500);
    const rows = Array.from({ length: 20 }, (_, i) => row(i, { vector: unit(i, 2500) }));
    await store.add(rows);
    expect((await store.nearest(unit(4, 2500), 1))[0]?.id).toBe('image-004');
    await store.close();
  });

  it('says what is wrong without the password', async () => {
    const wrong = cluster.url.replace('p%40ss', 'secret');
    const failed = await openStore(wrong, { dimensions: DIMENSIONS, model: MODEL }).catch((error: Error) => error.message);
    expect(failed).toMatch(/PostgreSQL cannot be used[\s\S]*password authentication failed/);
    expect(failed).not.toContain('secret');
    const nobody = await openStore('postgres://ft:secret@127.0.0.1:1/postgres', { dimensions: DIMENSIONS, model: MODEL }).catch(
      (error: Error) => error.message,
    );
    expect(nobody).toMatch(/PostgreSQL cannot be used[\s\S]*ECONNREFUSED/);
    expect(nobody).not.toContain('secret');
  });
});
