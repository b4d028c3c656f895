import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { embeddedStore } from '../../src/stores/embedded.js';
import { memoryStore } from '../../src/stores/memory.js';
import { behaves } from './behaviour.js';
import { DIMENSIONS, MODEL, row, unit } from './rows.js';

const base = mkdtempSync(join(tmpdir(), 'ft-stores-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const folder = join(base, 'gallery');
beforeEach(() => rmSync(folder, { recursive: true, force: true }));

const exact = () => embeddedStore(folder, { dimensions: DIMENSIONS, model: MODEL });
const indexed = () => embeddedStore(folder, { dimensions: DIMENSIONS, model: MODEL, exactUpTo: -1 });
behaves('the store in memory', { fresh: async () => memoryStore(DIMENSIONS), reopen: null });
behaves('the store in a folder', { fresh: exact, reopen: exact });
behaves('the store in a folder, with an index', { fresh: indexed, reopen: indexed });

/** A process that opens the folder, adds `count` rows one by one, prints a line once the last promise is kept, and stays. */
async function otherProcess(count: number) {
  const script = fileURLToPath(new URL('add-and-wait.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line === 'added') break;
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
}

describe('a store in a folder', () => {
  it('is one process’s alone, and has every row that was added when that one is killed (-9)', async () => {
    const kill = await otherProcess(25);
    await expect(exact()).rejects.toThrow(/another process has this store open[\s\S]*do this: {2}stop that one/);
    await kill();
    for (const open of [exact, indexed]) {
      const store = await open();
      expect(await store.count()).toBe(25);
      expect((await store.nearest(row(24).vector, 1))[0]).toMatchObject({ id: 'image-024', class: null });
      await store.close();
    }
  });

  it('opens after a clean close in the same process, and not twice before', async () => {
    const store = await exact();
    await expect(exact()).rejects.toThrow('another process has this store open');
    await store.close();
    await store.close();
    await (await exact()).close();
  });

  it('refuses vectors of another length or of another model, and stays as it is', async () => {
    const store = await exact();
    await store.add([row(1)]);
    await store.close();
    await expect(embeddedStore(folder, { dimensions: 13, model: MODEL })).rejects.toThrow(
      `${folder}: the store holds vectors of another length\n  expected: 13 numbers, as the model makes them\n  found:    12 numbers`,
    );
    await expect(embeddedStore(folder, { dimensions: DIMENSIONS, model: 'sha256:4567' })).rejects.toThrow(
      `the store holds another model's vectors\n  expected: those of sha256:4567\n  found:    those of sha256:0123`,
    );
    const again = await exact();
    expect(await again.count()).toBe(1);
    await again.close();
  });

  it('says of a file that is no database what to do', async () => {
    await (await exact()).close();
    writeFileSync(join(folder, 'rows.sqlite'), 'not a database, but longer than the header of one would be'.repeat(40));
    await expect(exact()).rejects.toThrow(/this store cannot be read[\s\S]*remove the folder/);
  });

  it('says of a place that is no folder what to do', async () => {
    writeFileSync(join(base, 'a file'), '');
    await expect(embeddedStore(join(base, 'a file'), { dimensions: DIMENSIONS, model: MODEL })).rejects.toThrow(
      'the store cannot be opened here',
    );
  });
});

describe('the index of a store in a folder', () => {
  const indexes = () => readdirSync(folder).filter((name) => name.startsWith('near-'));

  it('is saved under the last key, and again only after a change', async () => {
    const store = await indexed();
    await store.add([row(1), row(2), row(3)]);
    await store.close();
    expect(indexes()).toEqual(['near-3.usearch']);
    const before = readFileSync(join(folder, 'near-3.usearch'));
    await (await indexed()).close();
    expect(readFileSync(join(folder, 'near-3.usearch')).equals(before)).toBe(true);
    const again = await indexed();
    await again.add([row(2)]);
    await again.close();
    expect(indexes()).toEqual(['near-4.usearch']);
  });

  it('is made anew where rows went without it, and where its file is cut off', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => row(i));
    const first = await indexed();
    await first.add(rows);
    await first.close();
    const without = await exact();
    await without.remove(['image-004']);
    await without.add([row(31)]);
    await without.close();
    for (const damage of [false, true]) {
      if (damage) writeFileSync(join(folder, indexes()[0] as string), 'cut off');
      const store = await indexed();
      expect((await store.nearest(row(4).vector, 30)).map(({ id }) => id)).not.toContain('image-004');
      expect((await store.nearest(row(31).vector, 1))[0]?.id).toBe('image-031');
      expect(await store.nearest(unit(1), 40)).toHaveLength(30);
      await store.close();
    }
  });
});
