import { readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { UserError } from '../errors.js';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
/** Of `FT_CACHE_MAX` where it is not set. */
const USUAL = 20 * 2 ** 30;
/** Of the disk's free bytes that a cache may take. */
const SHARE = 0.8;

/**
 * Bytes that caches of frozen maps may take together: `FT_CACHE_MAX`, e.g. 500M or 20G; 20 GiB where it is not set; 0: none are kept.
 * @throws UserError where it says no size
 */
export function cacheLimit(said = process.env.FT_CACHE_MAX): number {
  if (said === undefined || said === '') return USUAL;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(said.trim()) ?? [];
  if (digits === undefined) {
    throw new UserError({
      what: 'this is no size',
      where: 'FT_CACHE_MAX',
      expected: 'bytes, or a number with k, M, G or T, e.g. 20G',
      found: said,
    });
  }
  return Number(digits) * (UNITS[(unit as string).toLowerCase()] as number);
}

/**
 * Makes room for a folder of `bytes` in a folder of caches: of the others, those that were used longest ago are thrown away until
 * all fit into `limit`. False, and nothing is thrown away, where it can never fit, or the disk has no room for it.
 * @param keep folders that are in use: they count, and stay
 */
export function makeRoom(root: string, name: string, bytes: number, limit: number, keep: readonly string[] = []): boolean {
  const taken = (path: string) => entriesOf(path).reduce((sum, entry) => sum + statSync(join(path, entry)).blocks * 512, 0);
  const own = join(root, name);
  const present = entriesOf(own).length > 0 ? taken(own) : 0;
  const held = keep.reduce((sum, one) => sum + taken(join(root, one)), 0);
  if (bytes + held > limit) return false;
  const others = entriesOf(root)
    .filter((entry) => entry !== name && !keep.includes(entry) && statSync(join(root, entry)).isDirectory())
    .map((entry) => ({ path: join(root, entry), bytes: taken(join(root, entry)), used: statSync(join(root, entry)).mtimeMs }))
    .sort((a, b) => a.used - b.used);
  const sum = others.reduce((total, one) => total + one.bytes, 0);
  if (bytes - present > SHARE * (free(root) + sum)) return false;
  let rest = sum;
  for (const { path, bytes: freed } of others) {
    if (rest + held + bytes <= limit && bytes - present <= SHARE * free(root)) break;
    rmSync(path, { recursive: true, force: true });
    rest -= freed;
  }
  return true;
}

function free(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
