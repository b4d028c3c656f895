import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
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
  readonly part?: LaidPart;
}

/** Some files of a folder that are made by themselves where nothing else of it has changed. */
export interface LaidPart {
  /** The entry of `from` that decides them. */
  readonly key: string;
  readonly files: readonly string[];
  readonly fill: (temporary: string) => Promise<void>;
  /** Tries the folder with them. */
  readonly check: (folder: string) => Promise<void>;
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
    if (laid.part !== undefined && (await isLaid(folder, from, laid.part))) {
      await renew(laid, laid.part);
      return;
    }
    await requireRoom(dirname(folder), laid.room);
    await createFolderAtomic(folder, async (temporary) => {
      await laid.fill(temporary);
      await writeFile(markerFile(temporary), `${JSON.stringify({ ...from, files: await sizes(temporary) }, null, 2)}\n`);
    });
  } finally {
    await release();
  }
}

/** Puts a part anew into a folder whose other files stay. A kill leaves the marker as it was, and the next set-up does it again. */
async function renew({ folder, from }: LaidFolder, part: LaidPart): Promise<void> {
  const temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}.part-`));
  try {
    await part.fill(temporary);
    const files = { ...(await readMarker(folder))?.files, ...(await sizes(temporary)) };
    // A process that has loaded the old file keeps it.
    for (const name of part.files) await rename(join(temporary, name), join(folder, name));
    await part.check(folder);
    await writeFile(join(temporary, MARKER), `${JSON.stringify({ ...from, files }, null, 2)}\n`);
    await rename(join(temporary, MARKER), markerFile(folder));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Whether the folder was laid to its end, from these, and every file has kept its size.
 * @param except a part that does not count
 */
export async function isLaid(
  folder: string,
  from: LaidFolder['from'],
  except?: Pick<LaidPart, 'key' | 'files'>,
): Promise<boolean> {
  const marker = await readMarker(folder);
  if (marker === undefined) return false;
  const { files, ...made } = marker;
  if (Object.keys(made).length !== Object.keys(from).length) return false;
  if (!Object.entries(from).every(([name, value]) => name === except?.key || made[name] === value)) return false;
  for (const [name, bytes] of Object.entries(files)) {
    if (except?.files.includes(name)) continue;
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
