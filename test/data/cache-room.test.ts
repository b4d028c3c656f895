import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheLimit, makeRoom } from '../../src/data/cache-room.js';
import { temporaryFolders } from './images.js';

const folders = temporaryFolders();

/** Folders of 100 KiB each, used one after the other. */
function caches(...names: string[]): string {
  const root = folders();
  names.forEach((name, at) => {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'maps'), Buffer.alloc(100 * 1024, 1));
    utimesSync(join(root, name), 1000 + at, 1000 + at);
  });
  return root;
}
const K = 1024;

describe('room for a cache', () => {
  it('is made by throwing away what was used longest ago, and no more than is needed', () => {
    const root = caches('old', 'middle', 'new');
    expect(makeRoom(root, 'mine', 100 * K, 330 * K)).toBe(true);
    expect(readdirSync(root).sort()).toEqual(['middle', 'new']);
    expect(makeRoom(root, 'mine', 250 * K, 330 * K)).toBe(true);
    expect(readdirSync(root)).toEqual([]);
  });

  it('is there already where the cache itself is, and that one is never thrown away', () => {
    const root = caches('mine', 'other');
    expect(makeRoom(root, 'mine', 100 * K, 240 * K)).toBe(true);
    expect(readdirSync(root).sort()).toEqual(['mine', 'other']);
    expect(makeRoom(root, 'mine', 200 * K, 240 * K)).toBe(true);
    expect(readdirSync(root)).toEqual(['mine']);
  });

  it('is never made of a folder that is in use', () => {
    const root = caches('used', 'old');
    expect(makeRoom(root, 'mine', 100 * K, 250 * K, ['used'])).toBe(true);
    expect(readdirSync(root)).toEqual(['used']);
    expect(makeRoom(root, 'mine', 200 * K, 250 * K, ['used'])).toBe(false);
    expect(readdirSync(root)).toEqual(['used']);
  });

  it('is refused where it can never fit, and then nothing is thrown away', () => {
    const root = caches('old');
    expect(makeRoom(root, 'mine', 300 * K, 200 * K)).toBe(false);
    // No disk has an exabyte.
    expect(makeRoom(root, 'mine', 2 ** 60, 2 ** 61)).toBe(false);
    expect(makeRoom(root, 'mine', 1, 0)).toBe(false);
    expect(existsSync(join(root, 'old', 'maps'))).toBe(true);
  });
});

describe('FT_CACHE_MAX', () => {
  it.each([
    [undefined, 20 * 2 ** 30],
    ['', 20 * 2 ** 30],
    ['0', 0],
    ['1500', 1500],
    ['500M', 500 * 2 ** 20],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['2t', 2 * 2 ** 40],
  ])('%s is %d bytes', (said, bytes) => {
    expect(cacheLimit(said)).toBe(bytes);
  });

  it.each(['much', '-1', '5X', 'G'])('%s is refused', (said) => {
    expect(() => cacheLimit(said)).toThrow('FT_CACHE_MAX: this is no size');
  });
});
