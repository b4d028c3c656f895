import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silent } from '../../src/progress.js';
import { MANIFEST, stored } from '../../src/weights/fetch/store.js';
import { recorded, temporaryFolder } from './temporary.js';

async function fill(folder: string): Promise<string[]> {
  await writeFile(join(folder, 'weights.bin'), 'abc');
  return [];
}

describe('a stored folder', () => {
  it('is filled once when two ask for it at the same moment', async () => {
    const folder = join(await temporaryFolder(), 'net');
    let fills = 0;
    const slow = async (temporary: string) => {
      fills++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return fill(temporary);
    };
    const manifests = await Promise.all([1, 2].map(() => stored(folder, { key: 'k', progress: silent, fill: slow })));
    expect(fills).toBe(1);
    expect(manifests[0]).toEqual(manifests[1]);
    expect(manifests[0]?.files).toEqual({ 'weights.bin': 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' });
  });

  it('is filled again, and that is said, when one byte of it differs', async () => {
    const folder = join(await temporaryFolder(), 'net');
    const progress = recorded();
    await stored(folder, { key: 'k', progress, fill });
    await writeFile(join(folder, 'weights.bin'), 'abd');
    await stored(folder, { key: 'k', progress, fill });
    expect(await readFile(join(folder, 'weights.bin'), 'utf8')).toBe('abc');
    expect(progress.lines).toEqual([
      expect.stringMatching(/net is made anew: weights\.bin has SHA-256 a52d159f\w+, expected ba7816bf/),
    ]);
  });

  it('is filled again when its key is another', async () => {
    const folder = join(await temporaryFolder(), 'net');
    await stored(folder, { key: 'old', progress: silent, fill });
    expect((await stored(folder, { key: 'new', progress: silent, fill })).key).toBe('new');
  });

  it('keeps the old content and leaves nothing half when the filling fails', async () => {
    const base = await temporaryFolder();
    const folder = join(base, 'net');
    await stored(folder, { key: 'k', progress: silent, fill });
    const failing = stored(folder, {
      key: 'k2',
      progress: silent,
      fill: async (temporary) => {
        await writeFile(join(temporary, 'weights.bin'), 'half');
        throw new Error('no more disk');
      },
    });
    await expect(failing).rejects.toThrow('no more disk');
    expect(await readdir(base)).toEqual(['net']);
    expect((await readdir(folder)).sort()).toEqual([MANIFEST, 'weights.bin']);
    expect(await readFile(join(folder, 'weights.bin'), 'utf8')).toBe('abc');
  });

  it('sweeps away what a killed process left beside it', async () => {
    const base = await temporaryFolder();
    await mkdir(join(base, '.net.part-dead'));
    await stored(join(base, 'net'), { key: 'k', progress: silent, fill });
    expect(await readdir(base)).toEqual(['net']);
  });
});
