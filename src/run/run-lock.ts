import { readFileSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { UserError } from '../errors.js';
import type { RunFolder } from '../train/run-folder.js';

/** Who trains in a run folder. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When that process began, in the kernel's clock ticks: a number that came round again is another process. Null: not told. */
  readonly began: string | null;
}

/**
 * Does work in a run folder that no other call may do at the same time: two would write into the same checkpoints. The lock is a
 * file that names its owner, and one left by a killed process counts for nothing: going on right after a kill must not wait (a
 * lock by age would, and a step that blocks the thread for long would lose it).
 * @throws UserError where another process trains in it
 */
export async function withRunLock<T>(folder: RunFolder, work: () => Promise<T>): Promise<T> {
  const path = folder.file('.lock');
  const own: Owner = { pid: process.pid, host: hostname(), began: beginningOf(process.pid) };
  await take(path, own, folder);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string, own: Owner, folder: RunFolder): Promise<void> {
  // Each round ends with the lock ours, with an error, or with one dead owner less.
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(JSON.stringify(own)).finally(() => file.close());
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text === null) continue; // given back in between
    const owner = ownerOf(text);
    if (owner !== null && !isGone(owner)) throw inUse(owner, path, folder);
    await clear(path, text, own.pid);
  }
}

/** Takes away the lock of a dead owner; where somebody else has put their own there since, it goes back. */
async function clear(path: string, text: string, pid: number): Promise<void> {
  const aside = `${path}-${pid}-${Date.now()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) === text) await rm(aside, { force: true });
  else await rename(aside, path);
}

/** Null where a kill came before the owner's name was in the file. */
function ownerOf(text: string): Owner | null {
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return null;
  }
}

/** Of another machine nobody can tell: it counts as there. */
function isGone({ pid, host, began }: Owner): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const now = beginningOf(pid);
  return began !== null && now !== null && now !== began;
}

/** Field 22 of /proc/PID/stat; null where there is no such file (macOS). */
function beginningOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold spaces.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function inUse({ pid, host }: Owner, path: string, folder: RunFolder): UserError {
  return new UserError({
    what: 'this run is being trained already',
    where: folder.path,
    found: `process ${pid} on ${host}`,
    mend: host === hostname() ? 'wait for it, or stop it first' : `stop it there; where it no longer runs, remove ${path}`,
  });
}
