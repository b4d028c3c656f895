import { UserError } from '../errors.js';
import { pointId } from './point-id.js';
import { checkRecord, type StoreRecord } from './record.js';
import { byId, inBatches, lastOfEach, neighbour, type RowWords, wordsOf } from './rows.js';
import type { Store, StoredRow } from './store.js';
import { unreachable } from './unreachable.js';

const PORT = 6333;
const BATCH = 256;

/** A point's payload: the row's words, and whose vectors the collection holds. */
type Payload = RowWords & { readonly model: string };

const ofKind = (kind: string | undefined) =>
  kind === undefined ? {} : { filter: { must: [{ key: 'kind', match: { value: kind } }] } };

/**
 * A store in Qdrant: a collection over cosine, each row a point. Changes wait until the server has applied them.
 * @param url qdrant://host:port/collection or qdrant+https://:KEY@host:port/collection
 * @throws UserError where the server doesn't answer, or the collection holds other vectors
 */
export async function qdrantStore(url: URL, wanted: StoreRecord): Promise<Store> {
  const https = url.protocol === 'qdrant+https:';
  const collection = decodeURIComponent(url.pathname.slice(1));
  const where = `${url.protocol}//${url.host}/${collection}`;
  if (collection === '' || collection.includes('/')) {
    throw new UserError({ what: 'the address names no collection', where, expected: 'qdrant://host:6333/collection' });
  }
  const { QdrantClient } = await import('@qdrant/js-client-rest');
  const apiKey = decodeURIComponent(url.password);
  const client = new QdrantClient({
    host: url.hostname,
    port: Number(url.port || PORT),
    https,
    checkCompatibility: false,
    ...(apiKey === '' ? {} : { apiKey }),
  });
  const { dimensions, model } = wanted;
  const retrieve = async (ids: readonly string[]): Promise<StoredRow[]> => {
    const points = await client.retrieve(collection, { ids: ids.map(pointId), with_payload: true, with_vector: true });
    return points.map(({ payload, vector }) => ({
      ...wordsOf(payload as unknown as Payload),
      vector: Float32Array.from(vector as number[]),
    }));
  };
  /** The ids alone: Qdrant gives its points by its own. */
  const allIds = async (kind?: string): Promise<string[]> => {
    const ids: string[] = [];
    for (let offset: unknown; offset !== null; ) {
      const from = offset === undefined ? {} : { offset: offset as string };
      const page = await client.scroll(collection, {
        limit: BATCH,
        with_payload: ['id'],
        with_vector: false,
        ...from,
        ...ofKind(kind),
      });
      for (const { payload } of page.points) ids.push((payload as unknown as Payload).id);
      offset = page.next_page_offset ?? null;
    }
    return ids.sort(byId);
  };
  try {
    if ((await client.collectionExists(collection)).exists) {
      const { vectors } = (await client.getCollection(collection)).config.params;
      const { points } = await client.scroll(collection, { limit: 1, with_payload: ['model'], with_vector: false });
      const found = (points[0]?.payload as Payload | undefined)?.model;
      const { size, distance } = (vectors ?? {}) as { size?: number; distance?: string };
      if (size === undefined || distance !== 'Cosine') {
        throw new UserError({
          what: "this collection isn't ft's",
          where,
          expected: 'one unnamed vector, compared by cosine',
          mend: 'name another collection: it is made where there is none',
        });
      }
      checkRecord({ dimensions: size, model: found ?? (points.length === 0 ? model : 'nobody that ft knows') }, wanted, where);
    } else {
      await client.createCollection(collection, { vectors: { size: dimensions, distance: 'Cosine' } });
      await client.createPayloadIndex(collection, { wait: true, field_name: 'kind', field_schema: 'keyword' });
    }
  } catch (error) {
    throw unreachable('Qdrant', where, error);
  }
  return {
    dimensions,
    count: async (kind) => (await client.count(collection, { exact: true, ...ofKind(kind) })).count,
    async add(rows) {
      for (const batch of inBatches(lastOfEach(rows, dimensions), BATCH)) {
        const points = batch.map((row) => ({
          id: pointId(row.id),
          vector: [...row.vector],
          payload: { ...wordsOf(row), model },
        }));
        await client.upsert(collection, { wait: true, points });
      }
    },
    async remove(ids) {
      let removed = 0;
      for (const batch of inBatches([...new Set(ids)].map(pointId), BATCH)) {
        const there = await client.retrieve(collection, { ids: [...batch], with_payload: false, with_vector: false });
        const points = there.map(({ id }) => id);
        if (points.length > 0) await client.delete(collection, { wait: true, points });
        removed += points.length;
      }
      return removed;
    },
    async nearest(query, top) {
      if (top < 1) return [];
      const { points } = await client.query(collection, { query: [...query], limit: top, with_payload: true });
      return points.map(({ payload, score }) => neighbour(payload as unknown as Payload, score));
    },
    get: async (id) => (await retrieve([id]))[0] ?? null,
    async *rows(kind) {
      for (const batch of inBatches(await allIds(kind), BATCH)) {
        yield* (await retrieve(batch)).sort((a, b) => byId(a.id, b.id));
      }
    },
    async close() {},
  };
}
