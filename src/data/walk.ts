import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isClutter } from './extensions.js';
import { systemReason } from './system-reason.js';

/** What is met below a folder. Every directory entry is met exactly once. */
export type Met =
  | { readonly type: 'file'; readonly file: string; readonly path: string }
  /** Named, but no regular file: nothing that could be opened safely. */
  | { readonly type: 'unusable'; readonly file: string; readonly reason: string }
  /** What systems and editors leave: hidden files, Thumbs.db; a link to a folder that is read anyway. */
  | { readonly type: 'clutter'; readonly file: string; readonly kind: string };

/** A folder that waits to be read. `hidden`: what lies in it is only counted. */
interface Waiting {
  readonly path: string;
  readonly file: string;
  readonly hidden: boolean;
}

/**
 * Meets everything below a folder, in the order of names. Links are followed; but a folder is read once, under its own name
 * where it lies below the root, so that no ring of links turns for ever and no image is met under two names of one folder.
 * What the system refuses (rights, names that are too long, disks that fail) is met as unusable and does not end the walk.
 * @throws what `readdir` throws for the root itself
 */
export async function walk(root: string, meet: (met: Met) => void): Promise<void> {
  const read = new Set<string>();
  const links: Waiting[] = [];
  await walkFrom({ path: root, file: '', hidden: false });
  // Links come last: by then it is known which folders were read under their own names.
  for (let link = links.shift(); link !== undefined; link = links.shift()) {
    const real = await realpath(link.path).catch(() => undefined);
    if (real === undefined) meet({ type: 'unusable', file: link.file, reason: 'a link that leads nowhere' });
    else if (read.has(real)) meet({ type: 'clutter', file: link.file, kind: 'link to a folder that is read already' });
    else await walkFrom(link);
  }

  async function walkFrom(start: Waiting): Promise<void> {
    const waiting = [start];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      const entries = await list(folder);
      if (entries === undefined) continue;
      const inside: Waiting[] = [];
      for (const entry of entries) {
        const met = await enter(folder, entry);
        if (met !== undefined) inside.push(met);
      }
      waiting.push(...inside.reverse());
    }
  }

  async function list(folder: Waiting): Promise<Dirent[] | undefined> {
    try {
      const entries = await readdir(folder.path, { withFileTypes: true });
      read.add(await realpath(folder.path));
      if (entries.length === 0 && folder.file !== '' && !folder.hidden) {
        meet({ type: 'clutter', file: folder.file, kind: 'empty folder' });
      }
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      if (folder.file === '') throw error;
      meet({ type: 'unusable', file: folder.file, reason: `a folder that cannot be read: ${systemReason(error)}` });
      return undefined;
    }
  }

  /** Meets an entry that is no folder; gives back one that is, to be read in its turn. */
  async function enter(folder: Waiting, entry: Dirent): Promise<Waiting | undefined> {
    const path = join(folder.path, entry.name);
    const file = folder.file === '' ? entry.name : `${folder.file}/${entry.name}`;
    const hidden = folder.hidden || isClutter(entry.name);
    const below = { path, file, hidden };
    if (entry.isDirectory()) return below;
    if (hidden) meet({ type: 'clutter', file, kind: 'hidden or system file' });
    else if (entry.isFile()) await meetFile(path, file);
    else if (entry.isSymbolicLink()) {
      const target = await stat(path).catch((error: unknown) => systemReason(error));
      if (typeof target === 'string') {
        const reason =
          target === 'there is no such file' ? 'a link that leads nowhere' : `a link that cannot be followed: ${target}`;
        meet({ type: 'unusable', file, reason });
      } else if (target.isDirectory()) links.push(below);
      else if (target.isFile()) meet({ type: 'file', file, path });
      else meet({ type: 'unusable', file, reason: specialReason(target) });
    } else meet({ type: 'unusable', file, reason: specialReason(entry) });
    return undefined;
  }

  async function meetFile(path: string, file: string): Promise<void> {
    // Bytes that are no UTF-8 come as U+FFFD, and under that name there is no file.
    const lost = file.includes('\ufffd') && (await lstat(path).catch(() => undefined)) === undefined;
    if (lost) meet({ type: 'unusable', file, reason: 'its name is not UTF-8: rename it' });
    else meet({ type: 'file', file, path });
  }
}

/** What is neither file nor folder nor link. It is never opened: to read a pipe would wait for ever. */
function specialReason(entry: Pick<Dirent, 'isFIFO' | 'isSocket' | 'isCharacterDevice' | 'isBlockDevice'>): string {
  if (entry.isFIFO()) return 'a pipe, not a file';
  if (entry.isSocket()) return 'a socket, not a file';
  if (entry.isCharacterDevice() || entry.isBlockDevice()) return 'a device, not a file';
  return 'neither a file nor a folder';
}
