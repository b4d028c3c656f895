import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStore } from '../../src/stores/open.js';
import { behaves } from './behaviour.js';
import { qdrantStub } from './qdrant-stub.js';
import { DIMENSIONS, MODEL, row } from './rows.js';

let stub: Awaited<ReturnType<typeof qdrantStub>>;
beforeAll(async () => {
  // The client says that a key goes over a connection that others can read: so it does, to this machine itself.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  stub = await qdrantStub('k/e y');
});
afterAll(() => stub.stop());

const open = (collection = 'my gallery', dimensions = DIMENSIONS, model = MODEL) =>
  openStore(`qdrant://:k%2Fe%20y@${stub.host}/${encodeURIComponent(collection)}`, { dimensions, model });
const fresh = () => {
  stub.collections.clear();
  return open();
};

behaves('the store in Qdrant (a stand-in of its REST interface)', { fresh, reopen: open });

describe('a store in Qdrant', () => {
  it('makes a collection over cosine, and points named by UUIDs that say their model', async () => {
    const store = await fresh();
    await store.add([row(1)]);
    const one = stub.collections.get('my gallery');
    expect(one?.vectors).toEqual({ size: DIMENSIONS, distance: 'Cosine' });
    // SHA-256 of 'image-001' by another program (sha256sum), version and variant set.
    expect([...(one?.points.keys() ?? [])]).toEqual(['3c4dcb74-f552-8771-8e5e-510c406d7420']);
    const { vector, ...words } = row(1);
    expect([...(one?.points.values() ?? [])][0]?.payload).toEqual({ ...words, model: MODEL });
  });

  it('refuses a collection of other vectors, and one that is not ft’s', async () => {
    const store = await fresh();
    await store.add([row(1)]);
    await expect(open('my gallery', 20)).rejects.toThrow('the store holds vectors of another length');
    await expect(open('my gallery', DIMENSIONS, 'other')).rejects.toThrow("the store holds another model's vectors");
    stub.collections.set('foreign', { vectors: { size: DIMENSIONS, distance: 'Dot' }, points: new Map() });
    await expect(open('foreign')).rejects.toThrow("this collection isn't ft's");
  });

  it('says what is wrong without the key', async () => {
    const options = { dimensions: DIMENSIONS, model: MODEL };
    const refused = await openStore(`qdrant://:secret@${stub.host}/a`, options).catch((error: Error) => error.message);
    expect(refused).toMatch(
      /^qdrant:\/\/127\.0\.0\.1:\d+\/a: Qdrant cannot be used\n {2}found: {4}Unauthorized: Must provide an API key/,
    );
    expect(refused).not.toContain('secret');
    await expect(openStore('qdrant://127.0.0.1:65531/a', options)).rejects.toThrow(/Qdrant cannot be used[\s\S]*ECONNREFUSED/);
    await expect(openStore(`qdrant://${stub.host}`, options)).rejects.toThrow('the address names no collection');
  });
});
