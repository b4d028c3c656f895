import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openContentCache } from '../../src/data/content-cache.js';
import { openLabelled } from '../../src/data/layouts.js';
import { plain, put, putTree, temporaryFolders } from './images.js';

const folder = temporaryFolders();
const later = () => Date.now() + 60_000;
const wrong = 'f'.repeat(64);

/** What is remembered is shown by putting a wrong hash into it: who gets it has not read the file. */
async function poisoned(): Promise<{ root: string; cache: string; hashes: () => Promise<Record<string, string>> }> {
  const root = folder();
  const cache = join(folder(), 'contents.txt');
  await putTree(root, ['cat', 'dog\n"x"'], 2);
  const hashes = async () => {
    const { samples } = await openLabelled(root, { cache, now: later });
    return Object.fromEntries(samples.map(({ file, sha256 }) => [file, sha256]));
  };
  await hashes();
  const memory = await openContentCache(root, { cache, now: later });
  for (const file of ['cat/0.png', 'cat/1.png', 'dog\n"x"/0.png', 'dog\n"x"/1.png']) {
    const info = await stat(join(root, file), { bigint: true });
    expect(memory.find(file, info)?.kind).toBe('PNG');
    memory.add(file, info, { sha256: wrong, kind: 'PNG' });
  }
  await memory.save();
  return { root, cache, hashes };
}

describe('what was read of the files of a folder', () => {
  it('is remembered while a file stays as it is: it is not read again', async () => {
    const { hashes } = await poisoned();
    expect(Object.values(await hashes())).toEqual([wrong, wrong, wrong, wrong]);
  });

  it('is forgotten of a file that was written to, replaced, or only given back its old time', async () => {
    const { root, hashes } = await poisoned();
    const first = join(root, 'cat/0.png');
    const { atime, mtime } = await stat(first);
    const bytes = readFileSync(first);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1;
    writeFileSync(first, bytes);
    utimesSync(first, atime, mtime);
    await put(root, 'new.png', await plain('#abcdef').png().toBuffer());
    renameSync(join(root, 'new.png'), join(root, 'cat/1.png'));
    const now = await hashes();
    expect(now['cat/0.png']).not.toBe(wrong);
    expect(now['cat/1.png']).not.toBe(wrong);
    expect(now['dog\n"x"/0.png']).toBe(wrong);
  });

  it('is nothing where the file is damaged, cut short or of another folder, or cannot be written', async () => {
    const { root, cache, hashes } = await poisoned();
    const whole = readFileSync(cache);
    const damaged = Buffer.from(whole);
    damaged[whole.length - 5] = (damaged[whole.length - 5] as number) ^ 1;
    for (const bytes of [damaged, whole.subarray(0, whole.length - 10), Buffer.from('hello'), Buffer.alloc(0)]) {
      writeFileSync(cache, bytes);
      expect(Object.values(await hashes())).not.toContain(wrong);
    }
    writeFileSync(cache, whole);
    const elsewhere = await openContentCache(`${root}/other`, { cache });
    expect(elsewhere.find('cat/0.png', await stat(join(root, 'cat/0.png'), { bigint: true }))).toBeUndefined();
    rmSync(cache);
    const unwritable = await openLabelled(root, { cache: join(root, 'cat/0.png/contents.txt'), now: later });
    expect(unwritable.samples).toHaveLength(4);
  });

  it('is not kept of a file that was changed a moment ago, whose times may not tell the next change', async () => {
    const root = folder();
    const cache = join(folder(), 'contents.txt');
    await putTree(root, ['cat', 'dog'], 1);
    await openLabelled(root, { cache });
    const memory = await openContentCache(root, { cache });
    expect(memory.find('cat/0.png', await stat(join(root, 'cat/0.png'), { bigint: true }))).toBeUndefined();
  });
});
