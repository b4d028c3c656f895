import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The cache that all clones of a person share: `$XDG_CACHE_HOME/ft`, else `~/.cache/ft`. */
export function cacheFolder(...parts: string[]): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'ft', ...parts);
}

/** Writes a file under a temporary name beside it and renames it, so that a kill leaves the old file or the new one. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.part-${process.pid}-${Math.random().toString(36).slice(2)}`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Fills a new folder under a temporary name and renames it into place; on a failure nothing is left behind. */
export async function createFolderAtomic<T>(path: string, fill: (temporary: string) => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = await mkdtemp(join(dirname(path), `.${basename(path)}.part-`));
  try {
    const result = await fill(temporary);
    await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}
