import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { crc32 } from '../../src/data/checksum.js';
import { plain, put } from './images.js';

/** Names that people, archives and attackers give to files. */
export const names = [
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

/** Every format, every broken kind, every name, every link: a folder as nobody would want it. */
export async function nastyTree(root: string): Promise<void> {
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
    'names/..png',
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
