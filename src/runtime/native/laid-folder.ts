import { lstat, mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { lock } from 'proper-lockfile';
import { UserError } from '../../errors.js';
import type { Progress } from '../../progress.js';
import { createFolderAtomic } from '../folders.js';
import { gigabytes } from '../gigabytes.js';

/** A folder of the shared cache that set-up fills, and what it was filled from. */
export interface LaidFolder {
  readonly folder: string;
  /** What decides the content: a folder that was laid from something else is laid anew. */
  readonly from: Readonly<Record<string, string>>;
  readonly room: Room;
  /** Milliseconds after which the lock of a set-up that gives no sign of life is taken over. */
  readonly lockStale: number;
  readonly fill: (temporary: string) => Promise<void>;
}

/** Bytes of disk: at the most while setting up, and for good. */
export interface Room {
  readonly needed: number;
  readonly stays: number;
}

/** Written last, so that it stands for the whole. */
const MARKER = 'complete.json';

/** The path of the file that says a folder is whole. */
export function markerFile(folder: string): string {
  return join(folder, MARKER);
}

/**
 * Sees to it that the folder lies there whole; does nothing when it does. Two set-ups at once take turns, and a kill in the
 * middle leaves nothing that looks whole.
 */
export async function ensureLaid(laid: LaidFolder, progress: Progress): Promise<void> {
  const { folder, from } = laid;
  if (await isLaid(folder, from)) return;
  await mkdir(dirname(folder), { recursive: true });
  const release = await takeTurn(folder, laid.lockStale, progress);
  try {
    if (await isLaid(folder, from)) return;
    await sweep(folder);
    await requireRoom(dirname(folder), laid.room);
    await createFolderAtomic(folder, async (temporary) => {
      await laid.fill(temporary);
      await writeFile(markerFile(temporary), `${JSON.stringify({ ...from, files: await sizes(temporary) }, null, 2)}\n`);
    });
  } finally {
    await release();
  }
}

/** Whether the folder was laid to its end, from these, and every file has kept its size. */
export async function isLaid(folder: string, from: LaidFolder['from']): Promise<boolean> {
  const marker = await readMarker(folder);
  if (marker === undefined) return false;
  const { files, ...made } = marker;
  if (Object.keys(made).length !== Object.keys(from).length) return false;
  if (!Object.entries(from).every(([name, value]) => made[name] === value)) return false;
  for (const [name, bytes] of Object.entries(files)) {
    const found = await stat(join(folder, name)).then(
      ({ size }) => size,
      () => -1,
    );
    if (found !== bytes) return false;
  }
  return true;
}

interface Marker {
  readonly [from: string]: unknown;
  /** Bytes of each file, by its path. */
  readonly files: Readonly<Record<string, number>>;
}

async function readMarker(folder: string): Promise<Marker | undefined> {
  try {
    const marker = JSON.parse(await readFile(markerFile(folder), 'utf8')) as Marker;
    return typeof marker.files === 'object' ? marker : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes of each file below a folder, links left out. */
async function sizes(folder: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile()) found[relative(folder, path)] = (await lstat(path)).size;
  }
  return found;
}

async function takeTurn(folder: string, stale: number, progress: Progress): Promise<() => Promise<void>> {
  let told = false;
  for (;;) {
    try {
      const release = await lock(folder, {
        realpath: false,
        stale,
        update: stale / 5,
        // Another set-up took over because this one seemed dead: both write under names of their own, the last rename stays.
        onCompromised: () => {},
      });
      return () => release().catch(() => {});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (!told) progress.line('another set-up is at work; waiting for it');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Takes away what set-ups that were killed have left. Called by the holder of the lock, so nobody is at work there. */
async function sweep(folder: string): Promise<void> {
  const prefix = `.${basename(folder)}.part-`;
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(prefix)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

/** @throws UserError where the disk of an existing folder has too little room */
export async function requireRoom(folder: string, { needed, stays }: Room): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new UserError({
    what: 'too little room on the disk to set TensorFlow up',
    where: folder,
    expected: `${gigabytes(needed)} free while setting up (${gigabytes(stays)} stay)`,
    found: gigabytes(bavail * bsize),
    mend: 'make room, or choose another disk for caches: XDG_CACHE_HOME=/path make setup',
  });
}
