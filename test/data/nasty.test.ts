import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { reasonOf } from '../../src/data/decode.js';
import { describeDataset } from '../../src/data/describe.js';
import { openLabelled } from '../../src/data/layouts.js';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { printable } from '../../src/data/printable.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolders } from './images.js';
import { names, nastyTree } from './nasty-tree.js';

const folder = temporaryFolders();

/** Everything below a folder that is no folder itself, links not followed: what `find ! -type d` counts; and empty folders. */
function entriesBelow(path: string): number {
  const entries = readdirSync(path, { withFileTypes: true });
  if (entries.length === 0) return 1;
  return entries.reduce((sum, entry) => sum + (entry.isDirectory() ? entriesBelow(join(path, entry.name)) : 1), 0);
}

const accountedFor = ({ samples, skipped, remarks }: Dataset) =>
  samples.length + skipped.length + (remarks?.passedOver ?? []).reduce((sum, { count }) => sum + count, 0);

describe('a folder made nasty on purpose', () => {
  it('is read to the end: every file is an image, or skipped with its reason, or counted', async () => {
    const root = folder();
    await nastyTree(root);
    const socket = createServer().listen(join(root, 'broken/socket.png'));
    await new Promise((resolve) => socket.once('listening', resolve));
    const listed = await openLabelled(root, { cache: null, name: 'nas\u001bty' });
    const { dataset } = await cachePixels(listed, { side: 16, folder: folder() });
    await expect(cachePixels(listed, { side: 16, folder: folder(), strict: true })).rejects.toThrow(UserError);

    expect(accountedFor(listed)).toBe(entriesBelow(root));
    expect(accountedFor(dataset)).toBe(entriesBelow(root));
    socket.close();
    expect(Object.fromEntries(dataset.skipped.map(({ file, reason }) => [file, reason]))).toEqual({
      'broken/clip.png': 'is a video inside, named .png',
      'broken/cut.jpg': 'damaged or cut short',
      'broken/empty.jpg': 'the file is empty',
      'broken/heic inside.jpg': 'is HEIC inside, named .jpg: convert it to JPEG or PNG',
      'broken/huge.png': '40000 × 40000 pixels: more than the 268 million that are decoded',
      'broken/page.jpg': 'is a web page inside, named .jpg: the download went wrong',
      'broken/pipe.jpg': 'a pipe, not a file',
      'broken/pointer.jpg': 'is a pointer of Git LFS, not the image: git lfs pull',
      'broken/raw.cr2': ".cr2 is a camera's raw file, which is not decoded here: convert it to JPEG or PNG",
      'broken/socket.png': 'a socket, not a file',
      'broken/text.jpg': 'not an image, or of a kind that cannot be decoded here',
      'loose.png': 'lies in no class folder',
      'names/f\ufffd\ufffd.png': 'its name is not UTF-8: rename it',
      'names/gone.png': 'a link that leads nowhere',
      'names/ring a': 'a link that cannot be followed: links that lead round in a ring',
      'names/ring b': 'a link that cannot be followed: links that lead round in a ring',
      'names/zero.png': 'a device, not a file',
    });
    expect(Object.fromEntries((dataset.remarks?.passedOver ?? []).map(({ kind, count }) => [kind, count]))).toEqual({
      'hidden or system file': 6,
      'link to a folder that is read already': 3,
      '.txt file': 1,
      '.json file': 1,
      'file without an extension': 1,
      'empty folder': 1,
    });
    expect(dataset.classes).toEqual(['broken', 'caf\u00e9', 'formats', 'names', 'one image', 'twin a', 'twin b']);
    expect(
      dataset.samples
        .filter(({ file }) => file.startsWith('names/'))
        .map(({ file }) => file.slice(6))
        .sort(),
    ).toEqual([...names].sort());
    expect(dataset.samples.filter(({ file }) => file.startsWith('formats/'))).toHaveLength(21);
    expect(dataset.samples.filter(({ file }) => file.startsWith('broken/')).map(({ file }) => file)).toEqual([
      'broken/jpeg inside.png',
      'broken/photo.jpg_large',
      'broken/png inside.heic',
    ]);
  });

  it('is described in a screenful, in which no name can steer the terminal', async () => {
    const root = folder();
    await nastyTree(root);
    const lines = describeDataset(await openLabelled(root, { cache: null, name: 'nas\u001bty' }), 20);
    expect(lines.length).toBeLessThan(30);
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    expect(lines[0]).toMatch(/^nas\\x1bty: \d+ images in 7 classes$/);
    expect(lines).toContain('taken as one class although Unicode spells it in two ways: caf\u00e9');
    expect(lines).toContainEqual(
      expect.stringContaining('10 images used in spite of a wrong extension or none: broken/jpeg inside.png is JPEG'),
    );
    expect(lines).toContain('  2 × a link that cannot be followed: links that lead round in a ring: names/ring a, names/ring b');
    expect(lines).toContain(
      '1 image lies in more than one class, so a label is wrong: broken/png inside.heic = twin a/same.png = twin b/same.png',
    );
  });
});

describe('printable', () => {
  it('writes what a terminal would obey as escapes, and leaves letters of all scripts and emoji', () => {
    expect(printable('a\nb\tc\r\u001b[0m\u0085\u202e\u200f\u2028\ufeff')).toBe(
      'a\\nb\\tc\\r\\x1b[0m\\x85\\u202e\\u200f\\u2028\\ufeff',
    );
    const fine = 'é日本語 عربي 👩‍👩‍👧 "\'\\';
    expect(printable(fine)).toBe(fine);
  });
});

describe('what the system refuses', () => {
  it('is told in plain words', () => {
    const refused = (code: string) => reasonOf(Object.assign(new Error(`${code}: x, open '/y'`), { code }));
    expect(['EACCES', 'ELOOP', 'ENAMETOOLONG', 'EIO', 'ENOENT'].map(refused)).toEqual([
      'no right to read it',
      'links that lead round in a ring',
      'its path is too long',
      'the disk cannot read it',
      'there is no such file',
    ]);
  });
});
