import { UserError } from '../errors.js';
import { pointId } from './point-id.js';
import { checkRecord, type StoreRecord } from './record.js';
import { byId, inBatches, lastOfEach, neighbour, type RowWords, wordsOf } from './rows.js';
import type { Store, StoredRow } from './store.js';
import { unreachable } from './unreachable.js';

/** Its client, with all that it needs, weighs 70 MB: who wants Milvus installs it. The name is no literal, so no compiler looks for it. */
const PACKAGE: string = '@zilliz/milvus2-sdk-node';
const PORT = 19530;
const BATCH = 256;
/** Begins a collection's description; the model follows. */
const MARK = 'ft gallery of ';

interface Status {
  readonly error_code?: string | number;
  readonly code?: number;
  readonly reason?: string;
}
interface Point {
  readonly key: string;
  readonly vector: number[];
  readonly words: RowWords;
}

/** What is used of MilvusClient (Milvus' Node SDK, 2.4 and newer). */
export interface MilvusCalls {
  hasCollection(of: { collection_name: string }): Promise<{ status: Status; value: unknown }>;
  createCollection(of: object): Promise<Status>;
  loadCollectionSync(of: { collection_name: string }): Promise<Status>;
  describeCollection(of: { collection_name: string }): Promise<{
    status: Status;
    schema: { description: string; fields: { name: string; type_params: { key: string; value: unknown }[] }[] };
  }>;
  upsert(of: { collection_name: string; data: object[] }): Promise<{ status: Status }>;
  delete(of: { collection_name: string; ids: string[] }): Promise<{ status: Status }>;
  query(of: object): Promise<{ status: Status; data: Record<string, unknown>[] }>;
  search(of: object): Promise<{ status: Status; results: Record<string, unknown>[] }>;
  closeConnection(): Promise<unknown>;
}
export interface MilvusPackage {
  readonly MilvusClient: new (of: { address: string; ssl: boolean; username?: string; password?: string }) => MilvusCalls;
}

/** The client answers a refusal, it does not throw it. */
function done<T extends Status | { readonly status: Status }>(answer: T): T {
  const { error_code: name = 'Success', code = 0, reason } = 'status' in answer ? answer.status : answer;
  if ((name !== 'Success' && name !== 0) || code !== 0) throw new Error(reason || `Milvus answered ${name}`);
  return answer;
}

/**
 * A store in Milvus: a collection over cosine with its AUTOINDEX, its description naming the model. Searches wait for all that was
 * written before (consistency Strong).
 * @param url milvus://user:password@host:port/collection or milvus+https://
 * @param load for tests: the client's package
 * @throws UserError where the client isn't installed, the server doesn't answer, or the collection holds other vectors
 */
export async function milvusStore(
  url: URL,
  wanted: StoreRecord,
  load: () => Promise<MilvusPackage> = () => import(PACKAGE),
): Promise<Store> {
  const collection_name = decodeURIComponent(url.pathname.slice(1));
  const where = `${url.protocol}//${url.host}/${collection_name}`;
  if (!/^[A-Za-z_]\w{0,254}$/.test(collection_name)) {
    throw new UserError({
      what: 'Milvus takes no such name of a collection',
      where,
      expected: 'letters, digits and _, up to 255',
    });
  }
  const client = await connect(url, where, load);
  const { dimensions } = wanted;
  const query = async (filter: string, output_fields: string[], limit?: number) => {
    const ask = {
      collection_name,
      filter,
      output_fields,
      consistency_level: 'Strong',
      ...(limit === undefined ? {} : { limit }),
    };
    return done(await client.query(ask)).data;
  };
  // Keys are UUIDs and kinds two words: nothing in a filter needs escaping.
  const among = (keys: readonly string[]) => `key in [${keys.map((key) => `"${key}"`).join(', ')}]`;
  const retrieve = async (ids: readonly string[]): Promise<StoredRow[]> => {
    const points = (await query(among(ids.map(pointId)), ['vector', 'words'], ids.length)) as unknown as Point[];
    return points.map(({ vector, words }) => ({ ...wordsOf(words), vector: Float32Array.from(vector) }));
  };
  /** Page after page by key, as Milvus' own iterator asks: a query with a limit answers the lowest keys. */
  const allIds = async (kind: string | undefined): Promise<string[]> => {
    const ids: string[] = [];
    const rest = kind === undefined ? '' : ` and kind == "${kind}"`;
    for (let after = ''; ; ) {
      const page = (await query(`key > "${after}"${rest}`, ['key', 'words'], BATCH)) as unknown as Point[];
      for (const { key, words } of page) {
        ids.push(words.id);
        if (key > after) after = key;
      }
      if (page.length < BATCH) return ids.sort(byId);
    }
  };
  try {
    if (done(await client.hasCollection({ collection_name })).value) {
      const { schema } = done(await client.describeCollection({ collection_name }));
      const size = schema.fields.find(({ name }) => name === 'vector')?.type_params.find(({ key }) => key === 'dim')?.value;
      if (size === undefined || !schema.description.startsWith(MARK)) {
        const mend = 'name another collection: it is made where there is none';
        throw new UserError({ what: "this collection isn't ft's", where, mend });
      }
      checkRecord({ dimensions: Number(size), model: schema.description.slice(MARK.length) }, wanted, where);
    } else done(await client.createCollection(schemaOf(collection_name, wanted)));
    done(await client.loadCollectionSync({ collection_name }));
  } catch (error) {
    await client.closeConnection();
    throw unreachable('Milvus', where, error);
  }
  let open = true;
  return {
    dimensions,
    async count(kind) {
      const [line] = await query(kind === undefined ? '' : `kind == "${kind}"`, ['count(*)']);
      return Number(line?.['count(*)']);
    },
    async add(rows) {
      for (const batch of inBatches(lastOfEach(rows, dimensions), BATCH)) {
        const data = batch.map((row) => ({ key: pointId(row.id), vector: [...row.vector], kind: row.kind, words: wordsOf(row) }));
        done(await client.upsert({ collection_name, data }));
      }
    },
    async remove(ids) {
      let removed = 0;
      for (const batch of inBatches([...new Set(ids)].map(pointId), BATCH)) {
        const there = (await query(among(batch), ['key'], batch.length)).map(({ key }) => key as string);
        if (there.length > 0) done(await client.delete({ collection_name, ids: there }));
        removed += there.length;
      }
      return removed;
    },
    async nearest(vector, top) {
      if (top < 1) return [];
      const ask = { collection_name, anns_field: 'vector', data: [...vector], limit: top, output_fields: ['words'] };
      const { results } = done(await client.search({ ...ask, metric_type: 'COSINE', consistency_level: 'Strong' }));
      return results.map(({ score, words }) => neighbour(words as RowWords, Number(score)));
    },
    get: async (id) => (await retrieve([id]))[0] ?? null,
    async *rows(kind) {
      for (const batch of inBatches(await allIds(kind), BATCH)) yield* (await retrieve(batch)).sort((a, b) => byId(a.id, b.id));
    },
    async close() {
      if (open) await client.closeConnection();
      open = false;
    },
  };
}

async function connect(url: URL, where: string, load: () => Promise<MilvusPackage>): Promise<MilvusCalls> {
  let loaded: MilvusPackage;
  try {
    loaded = await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UserError({
      what: "Milvus' client is not installed",
      where,
      mend: `npm install --no-save ${PACKAGE}   (in ft's folder; it is left out because it weighs 70 MB)`,
    });
  }
  return new loaded.MilvusClient({
    address: `${url.hostname}:${url.port || PORT}`,
    ssl: url.protocol === 'milvus+https:',
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }),
  });
}

function schemaOf(collection_name: string, { dimensions, model }: StoreRecord): object {
  return {
    collection_name,
    description: `${MARK}${model}`,
    fields: [
      { name: 'key', data_type: 'VarChar', max_length: 36, is_primary_key: true },
      { name: 'vector', data_type: 'FloatVector', dim: dimensions },
      { name: 'kind', data_type: 'VarChar', max_length: 16 },
      { name: 'words', data_type: 'JSON' },
    ],
    index_params: [{ field_name: 'vector', index_type: 'AUTOINDEX', metric_type: 'COSINE' }],
    consistency_level: 'Strong',
  };
}
