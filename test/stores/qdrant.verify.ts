import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/stores/open.js';
import { behaves } from './behaviour.js';
import { type PythonServer, startPython } from './python-server.js';
import { DIMENSIONS, MODEL, row } from './rows.js';

let server: PythonServer;
let number = 0;
beforeAll(async () => {
  server = await startPython('qdrant_local.py');
});
afterAll(() => server.stop());

const open = (dimensions = DIMENSIONS, model = MODEL) =>
  openStore(`qdrant://127.0.0.1:${server.said}/gallery%20${number}`, { dimensions, model });
const fresh = () => {
  number++;
  return open();
};

behaves("the store in Qdrant (its Python client's models and local mode behind HTTP)", { fresh, reopen: open });

describe("a store in Qdrant's local mode", () => {
  it('refuses other vectors, and a collection that is not ft’s', async () => {
    await (await fresh()).add([row(1)]);
    await expect(open(20)).rejects.toThrow('the store holds vectors of another length');
    await expect(open(DIMENSIONS, 'other')).rejects.toThrow(/another model's vectors[\s\S]*those of sha256:0123/);
    number++;
    const make = (vectors: object) =>
      fetch(`http://127.0.0.1:${server.said}/collections/gallery%20${number}`, {
        method: 'PUT',
        body: JSON.stringify({ vectors }),
      });
    expect((await make({ size: DIMENSIONS, distance: 'Cosinus' })).status).toBe(400);
    expect((await make({ size: DIMENSIONS, distance: 'Dot' })).status).toBe(200);
    await expect(open()).rejects.toThrow("this collection isn't ft's");
  });
});
