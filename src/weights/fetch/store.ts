import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import lockfile from 'proper-lockfile';
import { z } from 'zod';
import type { Progress } from '../../progress.js';
import { createFolderAtomic } from '../../runtime/folders.js';
import { sha256OfFile } from './checksum.js';

const manifestSchema = z.strictObject({
  /** What the content was made from and how: another key, another content. */
  key: z.string(),
  files: z.record(z.string(), z.string()),
  /** Files that the source lacked. */
  missing: z.array(z.string()),
});

/** What a stored folder holds, with the SHA-256 of every file. */
export type StoreManifest = z.infer<typeof manifestSchema>;

/** Name of the manifest inside a stored folder. */
export const MANIFEST = 'ft-manifest.json';

export type StoreState = { state: 'absent' } | { state: 'damaged'; reason: string } | { state: 'whole'; manifest: StoreManifest };

/** Whether a folder holds, byte for byte, what was once stored there under this key. */
export async function checkStored(folder: string, key: string): Promise<StoreState> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined);
  if (text === undefined) return { state: 'absent' };
  const manifest = manifestSchema.safeParse(parseJson(text));
  if (!manifest.success) return { state: 'damaged', reason: `${MANIFEST} is not whole` };
  if (manifest.data.key !== key)
    return { state: 'damaged', reason: 'it was made from another source or by another version of ft' };
  for (const [file, expected] of Object.entries(manifest.data.files)) {
    const found = await sha256OfFile(join(folder, file)).catch(() => 'no such file');
    if (found !== expected) return { state: 'damaged', reason: `${file} has SHA-256 ${found}, expected ${expected}` };
  }
  return { state: 'whole', manifest: manifest.data };
}

/** What the cache holds of a set of weights, without looking at every byte; undefined where it holds nothing of it. */
export async function cachedWeights(cache: string, name: string): Promise<{ folder: string; missing: string[] } | undefined> {
  const folder = join(cache, name);
  const manifest = manifestSchema.safeParse(parseJson(await readFile(join(folder, MANIFEST), 'utf8').catch(() => '')));
  return manifest.success ? { folder, missing: manifest.data.missing } : undefined;
}

export interface StoreOptions {
  key: string;
  progress: Progress;
  /** Fills the temporary folder; gives the names of what the source lacked. */
  fill: (temporary: string) => Promise<string[]>;
  /** Fill it anew even where it is whole. */
  again?: (manifest: StoreManifest) => boolean;
}

/**
 * A folder of the cache, filled when it is absent, and again when a byte of it differs (said). One process fills at a time,
 * under a temporary name that is renamed at the end; the others wait and find it done.
 */
export async function stored(folder: string, options: StoreOptions): Promise<StoreManifest> {
  const ready = async (): Promise<StoreState> => {
    const found = await checkStored(folder, options.key);
    return found.state === 'whole' && options.again?.(found.manifest) ? { state: 'absent' } : found;
  };
  const before = await ready();
  if (before.state === 'whole') return before.manifest;
  await mkdir(dirname(folder), { recursive: true });
  const release = await lockfile.lock(folder, {
    realpath: false,
    stale: 30_000,
    retries: { retries: 1200, factor: 1, minTimeout: 250, maxTimeout: 500 },
  });
  try {
    const found = await ready();
    if (found.state === 'whole') return found.manifest;
    if (found.state === 'damaged') options.progress.line(`${folder} is made anew: ${found.reason}`);
    await sweep(folder);
    return await createFolderAtomic(folder, async (temporary) => {
      const missing = await options.fill(temporary);
      const names = (await readdir(temporary)).sort();
      const sums = await Promise.all(
        names.map(async (name): Promise<[string, string]> => [name, await sha256OfFile(join(temporary, name))]),
      );
      const manifest = { key: options.key, files: Object.fromEntries(sums), missing };
      await writeFile(join(temporary, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
      return manifest;
    });
  } finally {
    await release();
  }
}

/** Takes away what a killed process left; only called under the lock. */
async function sweep(folder: string): Promise<void> {
  const prefix = `.${basename(folder)}.part-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
