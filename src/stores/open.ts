import { choose, UserError } from '../errors.js';
import { embeddedStore } from './embedded.js';
import { memoryStore } from './memory.js';
import type { StoreRecord } from './record.js';
import type { Store } from './store.js';

/** A store's clients are loaded only when one is asked for. */
const SCHEMES: ReadonlyMap<string, (url: URL, options: StoreRecord) => Promise<Store>> = new Map([
  ['memory', async (_, { dimensions }) => memoryStore(dimensions)],
  ['postgres', async (url, options) => (await import('./postgres.js')).postgresStore(url, options)],
  ['postgresql', async (url, options) => (await import('./postgres.js')).postgresStore(url, options)],
  ['qdrant', async (url, options) => (await import('./qdrant.js')).qdrantStore(url, options)],
  ['qdrant+https', async (url, options) => (await import('./qdrant.js')).qdrantStore(url, options)],
  ['milvus', async (url, options) => (await import('./milvus.js')).milvusStore(url, options)],
  ['milvus+https', async (url, options) => (await import('./milvus.js')).milvusStore(url, options)],
]);

/** Two letters at least: `C:\gallery` is a folder. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens the store of a gallery, and makes it where there is none.
 *
 * | `where` | the vectors are |
 * | --- | --- |
 * | `memory:` | in this process, and gone with it |
 * | a folder | there, in SQLite with an index beside it; one process at a time |
 * | `postgres://user:password@host:port/database?gallery=NAME` | in PostgreSQL with pgvector |
 * | `qdrant://host:port/collection`, `qdrant+https://` | in Qdrant; an API key as password: `qdrant+https://:KEY@…` |
 * | `milvus://user:password@host:port/collection`, `milvus+https://` | in Milvus |
 *
 * @throws UserError for an unknown scheme, a store that cannot be reached, and one of another length or another model's vectors
 */
export async function openStore(where: string, options: StoreRecord): Promise<Store> {
  const scheme = SCHEME.exec(where)?.[1]?.toLowerCase();
  if (scheme === undefined) return embeddedStore(where, options);
  const open = choose(SCHEMES, scheme, 'kind of store', '--store');
  if (!URL.canParse(where)) {
    // The address itself isn't shown: there may be a password in it.
    throw new UserError({
      what: 'this is no address of a store',
      where: '--store',
      expected: `${scheme}://user:password@host:port/name`,
      mend: "write letters such as '@', '/' and '#' of a password as %40, %2F and %23",
    });
  }
  return open(new URL(where), options);
}
