import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from '../../src/stores/open.js';
import { DIMENSIONS, MODEL, row } from './rows.js';

const options = { dimensions: DIMENSIONS, model: MODEL };

it('opens a store in memory, and one in a folder, which may hold a colon', async () => {
  const base = mkdtempSync(join(tmpdir(), 'ft-stores-'));
  try {
    for (const where of ['memory:', join(base, 'a:b'), join(base, 'deep', 'er')]) {
      const store = await openStore(where, options);
      await store.add([row(1)]);
      expect((await store.nearest(row(1).vector, 1))[0]?.similarity).toBeCloseTo(1, 6);
      await store.close();
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});

it('says of an unknown kind of store which there are, and the nearest', async () => {
  await expect(openStore('postgre://host/database', options)).rejects.toThrow(
    `--store: unknown kind of store 'postgre'\n  expected: memory, postgres, postgresql, qdrant, qdrant+https, milvus, milvus+https\n  do this:  did you mean 'postgres'?`,
  );
});

it('shows no address that it cannot read: there may be a password in it', async () => {
  const failed = await openStore('postgres://ft:sec#ret@[host/db', options).catch((error: Error) => error.message);
  expect(failed).toContain('this is no address of a store');
  expect(failed).not.toContain('sec');
});
