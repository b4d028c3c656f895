import { readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32, crc32ByTable } from '../../src/data/checksum.js';
import { decodeImage } from '../../src/data/decode.js';
import { scanFolder } from '../../src/data/folder.js';
import { type CacheOptions, cachePixels, type DecodedDataset, repairPixels } from '../../src/data/pixel-cache.js';
import { BrokenPixelFile, DamagedPixels, openPixels } from '../../src/data/pixels.js';
import { plain, put, putTree, temporaryFolders } from './images.js';

const folder = temporaryFolders();

async function cached(root = folder(), options: Partial<CacheOptions> = {}): Promise<DecodedDataset> {
  await putTree(root, ['a', 'b'], 3);
  return cachePixels(await scanFolder(root), { side: 8, folder: folder(), ...options });
}

/** Changes one byte of a file. */
function spoil(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

function listening(): { lines: string[]; progress: NonNullable<CacheOptions['progress']> } {
  const lines: string[] = [];
  return { lines, progress: { bar: () => ({ advance() {}, done() {} }), line: (text) => lines.push(text) } };
}

describe('crc32', () => {
  it('gives the check value of the standard and agrees with zlib', () => {
    const bytes = Uint8Array.from({ length: 1003 }, (_, i) => (i * i * 7) % 256);
    expect(crc32ByTable(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32ByTable(new Uint8Array())).toBe(0);
    expect(crc32(bytes)).toBe(crc32ByTable(bytes));
    expect(zlib.crc32?.(bytes) ?? crc32(bytes)).toBe(crc32ByTable(bytes));
  });
});

describe('the cache of pixels', () => {
  it('holds what decoding gives, image by image', async () => {
    const { dataset, storePath } = await cached();
    const store = openPixels(storePath);
    expect([store.side, store.count]).toEqual([8, 6]);
    for (const [i, sample] of dataset.samples.entries())
      expect(store.read(i)).toEqual(new Uint8Array(await decodeImage(sample.path, 8)));
    expect(() => store.read(6)).toThrow('image 6 of 6');
    store.close();
  });

  it('is made once for a set and a side, and anew when an image changes', async () => {
    const root = folder();
    const cache = folder();
    const first = await cached(root, { folder: cache });
    expect(first.decodedNow).toBe(true);
    const second = await cachePixels(await scanFolder(root), { side: 8, folder: cache });
    expect([second.decodedNow, second.storePath]).toEqual([false, first.storePath]);
    expect((await cachePixels(await scanFolder(root), { side: 9, folder: cache })).decodedNow).toBe(true);
    await put(root, 'a/0.png', await plain('#102030').png().toBuffer());
    const changed = await cachePixels(await scanFolder(root), { side: 8, folder: cache });
    expect(changed.decodedNow).toBe(true);
    const store = openPixels(changed.storePath);
    expect([...store.read(0).subarray(0, 3)]).toEqual([0x10, 0x20, 0x30]);
    store.close();
  });

  it('tells a wrong byte in an image when that image is read, and decodes it again', async () => {
    const decoded = await cached();
    const before = openPixels(decoded.storePath).read(4);
    spoil(decoded.storePath, 4096 + 4 * 192 + 77);
    const store = openPixels(decoded.storePath);
    expect(() => store.read(3)).not.toThrow();
    expect(() => store.read(4)).toThrow(DamagedPixels);
    await repairPixels(decoded, 4);
    expect(store.read(4)).toEqual(before);
    store.close();
  });

  it('says so when a damaged image has changed on disk as well', async () => {
    const decoded = await cached();
    spoil(decoded.storePath, 4096 + 10);
    writeFileSync(decoded.dataset.samples[0]?.path as string, await plain('#ffffff').png().toBuffer());
    await expect(repairPixels(decoded, 0)).rejects.toThrow('a/0.png are damaged, and the image itself has changed');
  });

  it('is made again when its header, its table, its description or its length is wrong', async () => {
    const root = folder();
    const cache = folder();
    const { storePath } = await cached(root, { folder: cache });
    const whole = readFileSync(storePath);
    const wrongs: (() => void)[] = [
      () => spoil(storePath, 3),
      () => spoil(storePath, 13),
      () => spoil(storePath, 4096 + 6 * 192 + 5),
      () => spoil(storePath, whole.length - 9),
      () => truncateSync(storePath, whole.length - 1),
      () => writeFileSync(storePath, ''),
    ];
    for (const wrong of wrongs) {
      writeFileSync(storePath, whole);
      wrong();
      expect(() => openPixels(storePath)).toThrow(BrokenPixelFile);
      const { lines, progress } = listening();
      const again = await cachePixels(await scanFolder(root), { side: 8, folder: cache, progress });
      expect(again.decodedNow).toBe(true);
      expect(lines.join()).toContain('the images are decoded again');
      expect(readFileSync(storePath).equals(whole)).toBe(true);
    }
  });

  it('leaves nothing behind when it is stopped in the middle', async () => {
    const cache = folder();
    const root = folder();
    await putTree(root, ['a', 'b'], 12);
    const stop = new AbortController();
    let done = 0;
    const progress = {
      line() {},
      bar: () => ({
        done() {},
        advance: () => {
          if (++done === 3) stop.abort();
        },
      }),
    };
    await expect(
      cachePixels(await scanFolder(root), { side: 8, folder: cache, progress, parallel: 2, signal: stop.signal }),
    ).rejects.toThrow();
    expect(readdirSync(cache)).toEqual([]);
  });

  it('takes away parts that a killed run left a day ago, and no younger ones', async () => {
    const cache = folder();
    const [old, young] = [join(cache, 'x-8.pixels.part-1-a'), join(cache, 'y-8.pixels.part-2-b')];
    for (const part of [old, young]) writeFileSync(part, 'half');
    const twoDaysAgo = statSync(old).mtimeMs / 1000 - 2 * 86400;
    utimesSync(old, twoDaysAgo, twoDaysAgo);
    await cached(folder(), { folder: cache });
    expect(readdirSync(cache).filter((name) => name.includes('.part-'))).toEqual(['y-8.pixels.part-2-b']);
  });
});
