import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/data/checksum.js';
import type { Dataset } from '../../src/data/dataset.js';
import { reasonOf } from '../../src/data/decode.js';
import { describeDataset } from '../../src/data/describe.js';
import { openLabelled } from '../../src/data/layouts.js';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { printable } from '../../src/data/printable.js';
import { UserError } from '../../src/errors.js';
import { plain, put, temporaryFolders } from './images.js';

const folder = temporaryFolders();

/** Names that people, archives and attackers give to files. */
const names = [
  'two\nlines.png',
  'tab\there.png',
  '\u001b[2J\u001b[31mred.png',
  'gnp.\u202ejpg',
  '😀 émoji.png',
  '"quoted" \'twice\'.png',
  '-rf --help.png',
  '$(touch x);`id`.png',
  '%s%n.png',
  ' .png',
  'back\\slash.png',
  `${'x'.repeat(251)}.png`,
  'caf\u00e9.png',
  'cafe\u0301.png',
];

/** A black 1-bit PNG by the specification: 40,000 × 40,000 pixels in 200 KB. */
function hugePng(): Buffer {
  const rows = Buffer.alloc(40_000 * 5_001);
  const header = Buffer.from([0, 0, 0x9c, 0x40, 0, 0, 0x9c, 0x40, 1, 0, 0, 0, 0]);
  const chunk = (type: string, data: Uint8Array) => {
    const out = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
    out.writeUInt32BE(data.length, 0);
    out.writeUInt32BE(crc32(out.subarray(4, out.length - 4)), out.length - 4);
    return out;
  };
  const data = deflateSync(rows, { level: 1 });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

async function nastyTree(root: string): Promise<void> {
  const grey = (i: number) => plain(`rgb(${i},${2 * i},${3 * i})`, 16, 12);
  const png = await grey(1).png().toBuffer();
  const jpeg = await grey(2).jpeg().toBuffer();
  for (const [i, name] of names.entries())
    await put(
      root,
      `names/${name}`,
      await grey(10 + i)
        .png()
        .toBuffer(),
    );
  for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
    await put(root, `formats/a.${format}`, await grey(3).toFormat(format).toBuffer());
    await put(root, `formats/no extension ${format}`, await grey(4).toFormat(format).toBuffer());
  }
  await put(
    root,
    'formats/a.svg',
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  for (let i = 1; i <= 8; i++)
    await put(root, `formats/turned ${i}.jpg`, await grey(5).withMetadata({ orientation: i }).jpeg().toBuffer());
  await put(root, 'broken/jpeg inside.png', jpeg);
  await put(root, 'broken/photo.jpg_large', jpeg);
  await put(root, 'broken/png inside.heic', png);
  await put(
    root,
    'broken/heic inside.jpg',
    Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(50)]),
  );
  await put(root, 'broken/page.jpg', '<!DOCTYPE html><html><body>404</body></html>');
  await put(root, 'broken/pointer.jpg', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  await put(root, 'broken/clip.png', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp41', 'latin1'));
  await put(root, 'broken/cut.jpg', jpeg.subarray(0, jpeg.length - 100));
  await put(root, 'broken/empty.jpg', '');
  await put(root, 'broken/text.jpg', 'not an image at all');
  await put(root, 'broken/huge.png', hugePng());
  await put(root, 'broken/raw.cr2', Buffer.from('II*\0', 'latin1'));
  mkdirSync(join(root, 'broken/folder.jpg'));
  await put(root, 'one image/only.png', await grey(77).png().toBuffer());
  await put(root, 'twin a/same.png', png);
  await put(root, 'twin b/same.png', png);
  await put(root, 'caf\u00e9/1.png', await grey(60).png().toBuffer());
  await put(root, 'cafe\u0301/2.png', await grey(61).png().toBuffer());
  await put(root, 'loose.png', await grey(62).png().toBuffer());
  for (const clutter of [
    '.hidden.png',
    'Thumbs.db',
    '.ipynb_checkpoints/a.png',
    '__MACOSX/names/._a.png',
    '.git/objects/ab/cd',
  ]) {
    await put(root, clutter, png);
  }
  for (const other of ['notes.txt', 'names/boxes.json', 'names/README']) await put(root, other, 'text');
  symlinkSync(root, join(root, 'names/up'));
  symlinkSync('.', join(root, 'self'));
  symlinkSync('ring b', join(root, 'names/ring a'));
  symlinkSync('ring a', join(root, 'names/ring b'));
  symlinkSync('/nowhere/at/all.png', join(root, 'names/gone.png'));
  symlinkSync('../twin b', join(root, 'twin a/other'));
  symlinkSync('/dev/zero', join(root, 'names/zero.png'));
  execFileSync('mkfifo', [join(root, 'broken/pipe.jpg')]);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/names/`), Buffer.from([0x66, 0xff, 0xfe]), Buffer.from('.png')]), png);
}

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
      'broken/cut.jpg': 'premature end of JPEG image',
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
