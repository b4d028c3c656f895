import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/data/checksum.js';
import { decodeImage, reasonOf } from '../../src/data/decode.js';
import { sharp } from '../../src/data/image-library.js';
import { matrixProfile, withProfile } from './icc.js';
import { plain, put, temporaryFolders } from './images.js';

const folder = temporaryFolders();

function expectNear(found: ArrayLike<number>, expected: readonly number[], levels: number): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(Math.abs(value - (found[i] as number)), `value ${i}`).toBeLessThanOrEqual(levels));
}

const firstPixel = (pixels: Uint8Array) => [...pixels.subarray(0, 3)];
const svg = (content: string, attributes = 'width="40" height="40"') =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${content}</svg>`,
  );

/** A PNG of one byte-aligned grey depth by the specification, filter 0 in every row. */
function png(width: number, height: number, depth: 1 | 8 | 16, packed: Uint8Array): Buffer {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), out.length - 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', packed),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

describe('orientation', () => {
  it('is undone for each of the eight values of EXIF, as its definition says', async () => {
    // A 4 × 2 image of eight greys. stored[y][x] comes to lie where the tag's definition puts the 0th row and column.
    const width = 4;
    const height = 2;
    const grey = (x: number, y: number) => 20 + 30 * (y * width + x);
    const place: ((x: number, y: number) => [number, number])[] = [
      (x, y) => [x, y], // row 0 at the top, column 0 on the left
      (x, y) => [width - 1 - x, y], // top, right
      (x, y) => [width - 1 - x, height - 1 - y], // bottom, right
      (x, y) => [x, height - 1 - y], // bottom, left
      (x, y) => [y, x], // row 0 on the left, column 0 at the top
      (x, y) => [height - 1 - y, x], // right, top
      (x, y) => [height - 1 - y, width - 1 - x], // right, bottom
      (x, y) => [y, width - 1 - x], // left, bottom
    ];
    const side = 4;
    for (let orientation = 1; orientation <= 8; orientation++) {
      const raw = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
        grey(Math.floor(i / 3) % width, Math.floor(i / 3 / width)),
      );
      const image = await sharp(raw, { raw: { width, height, channels: 3 } })
        .resize(width * 8, height * 8, { kernel: 'nearest', fit: 'fill' })
        .withMetadata({ orientation })
        .png()
        .toBuffer();
      const found = await decodeImage(image, side * 8);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [X, Y] = (place[orientation - 1] as (typeof place)[number])(x, y);
          const [shownWidth, shownHeight] = orientation < 5 ? [width, height] : [height, width];
          const column = Math.floor(((X + 0.5) / shownWidth) * side * 8);
          const row = Math.floor(((Y + 0.5) / shownHeight) * side * 8);
          expect(found[(row * side * 8 + column) * 3], `orientation ${orientation}, pixel ${x},${y}`).toBe(grey(x, y));
        }
      }
    }
  });
});

describe('colour', () => {
  /** Linear light of an sRGB value, and back (IEC 61966-2-1). */
  const linear = (v: number) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const encoded = (l: number) => 255 * (l <= 0.0031308 ? 12.92 * l : 1.055 * l ** (1 / 2.4) - 0.055);
  // RGB → XYZ adapted to D50, by columns: Adobe RGB (1998) and sRGB as ICC profiles hold them.
  const adobe = [
    [0.60974, 0.31111, 0.01947],
    [0.20528, 0.62567, 0.06087],
    [0.14919, 0.06322, 0.74457],
  ] as const;
  const toSrgb = [
    [3.1338561, -1.6168667, -0.4906146],
    [-0.9787684, 1.9161415, 0.033454],
    [0.0719453, -0.2289914, 1.4052427],
  ];

  it('of an Adobe RGB profile is converted as its matrix and gamma say', async () => {
    const stored = [150, 90, 60];
    const gamma = 2.19921875;
    const light = stored.map((v) => (v / 255) ** gamma);
    const xyz = [0, 1, 2].map((i) => adobe.reduce((sum, column, c) => sum + (column[i] as number) * (light[c] as number), 0));
    const expected = toSrgb.map((row) => encoded(row.reduce((sum, m, i) => sum + m * (xyz[i] as number), 0)));
    const jpeg = await plain('rgb(150,90,60)').jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
    expectNear(firstPixel(await decodeImage(jpeg, 4)), stored, 1);
    expect(Math.abs((expected[0] as number) - 150)).toBeGreaterThan(10); // else the test would say nothing
    expectNear(firstPixel(await decodeImage(withProfile(jpeg, matrixProfile(adobe, gamma)), 4)), expected, 3);
  });

  it('of a Display P3 photo is the sRGB colour that it was made from', async () => {
    const p3 = await plain('rgb(200,60,40)').withIccProfile('p3').png().toBuffer();
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    expect(Math.abs((stored[0] as number) - 200)).toBeGreaterThan(8);
    expectNear(firstPixel(await decodeImage(p3, 4)), [200, 60, 40], 2);
    expect(linear(200)).toBeCloseTo(0.578, 3);
  });

  it('of 16 bits a channel is rounded to 8, of 1 bit is black and white, of a palette is its entries', async () => {
    const deep = Buffer.alloc(4 * (1 + 8));
    for (let y = 0; y < 4; y++) for (let x = 0; x < 4; x++) deep.writeUInt16BE(257 * (40 * x + 10 * y), y * 9 + 1 + 2 * x);
    const found = await decodeImage(png(4, 4, 16, deflateSync(deep)), 4);
    for (let i = 0; i < 16; i++)
      expectNear(found.subarray(3 * i, 3 * i + 3), Array(3).fill(40 * (i % 4) + 10 * Math.floor(i / 4)), 1);

    const bits = Buffer.from([0, 0b10100000, 0, 0b01010000, 0, 0b10100000, 0, 0b01010000]);
    const checks = await decodeImage(png(4, 4, 1, deflateSync(bits)), 4);
    for (let i = 0; i < 16; i++) expect(checks[3 * i]).toBe((i + Math.floor(i / 4)) % 2 === 0 ? 255 : 0);

    const half = await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 255, alpha: 0.5 } } })
      .png({ palette: true })
      .toBuffer();
    expectNear(firstPixel(await decodeImage(half, 4)), [127, 127, 255], 2);
  });
});

describe('several pictures in one file', () => {
  it('give the first: of an animated GIF, an animated WebP, a TIFF with pages', async () => {
    const raw = Buffer.concat([Buffer.alloc(16 * 16 * 3, 200), Buffer.alloc(16 * 16 * 3, 30)]);
    const frames = sharp(raw, { raw: { width: 16, height: 32, channels: 3, pageHeight: 16 } });
    const files = [
      await frames
        .clone()
        .gif({ delay: [100, 100] })
        .toBuffer(),
      await frames
        .clone()
        .webp({ lossless: true, delay: [100, 100] })
        .toBuffer(),
      await frames.clone().tiff({ compression: 'none' }).toBuffer(),
    ];
    for (const file of files) {
      expect((await sharp(file).metadata()).pages).toBe(2);
      const pixels = await decodeImage(file, 4);
      for (const value of pixels) expect(Math.abs(value - 200)).toBeLessThanOrEqual(2);
    }
  });
});

describe('a file that is cut short', () => {
  it('is refused in every format, and never filled up', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7 + i * 31) % 251));
    const whole = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
      const file = await whole.clone().toFormat(format).toBuffer();
      await expect(decodeImage(file, 8), format).resolves.toHaveLength(192);
      for (const length of [file.length - 40, Math.floor(file.length / 2), 40, 5]) {
        const reason = await decodeImage(file.subarray(0, length), 8).then(() => 'decoded', reasonOf);
        expect(reason, `${format} of ${length} bytes`).not.toBe('decoded');
        expect(reason.length).toBeLessThan(120);
        expect(reason).not.toContain('\n');
      }
    }
  });
});

describe('a huge frame', () => {
  it('is refused by its header, however small its file is', async () => {
    const zeros = deflateSync(Buffer.alloc(1 << 20), { level: 9 });
    const error = await decodeImage(png(40_000, 40_000, 1, zeros), 8).then(() => undefined, reasonOf);
    expect(error).toBe('40000 × 40000 pixels: more than the 268 million that are decoded');
    await expect(decodeImage(svg('', 'width="100000" height="100000"'), 8)).rejects.toThrow('100000 × 100000 pixels');
  });
});

describe('a drawing', () => {
  it('is rendered at the size that is wanted, not blown up from its own', async () => {
    const edge = await decodeImage(
      svg('<rect width="4" height="8" fill="#000"/><rect x="4" width="4" height="8" fill="#fff"/>', 'width="8" height="8"'),
      64,
    );
    const row = Array.from({ length: 64 }, (_, x) => edge[(32 * 64 + x) * 3] as number);
    expect(row.slice(0, 31)).toEqual(Array(31).fill(0));
    expect(row.slice(33)).toEqual(Array(31).fill(255));
  });

  it('reads no file, asks no network, runs no script and expands no bomb', async () => {
    const root = folder();
    await put(root, 'red.png', await plain('#ff0000', 40, 40).png().toBuffer());
    const outside = [
      '<image href="red.png" width="40" height="40"/>',
      `<image xlink:href="file://${join(root, 'red.png')}" width="40" height="40"/>`,
      '<image href="http://127.0.0.1:9/red.png" width="40" height="40"/>',
      '<use href="other.svg#red"/>',
      '<script>document.documentElement.innerHTML = "x"</script>',
      '<style>@import url("file:///etc/passwd"); @import url("http://127.0.0.1:9/a.css");</style>',
    ];
    for (const content of outside) {
      await put(root, 'a.svg', svg(content));
      const pixels = await decodeImage(join(root, 'a.svg'), 8);
      expect([...pixels], content).toEqual(Array(192).fill(255));
    }
    const entity = (text: string) => Buffer.from(`<?xml version="1.0"?>${text}`);
    const bombs = [
      entity(
        `<!DOCTYPE svg [<!ENTITY a "ha">${'bcdefghij'
          .split('')
          .map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghi'[i]};`.repeat(10)}">`)
          .join('')}]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&j;</text></svg>`,
      ),
      entity(
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="90" height="9"><text y="9">&x;</text></svg>',
      ),
    ];
    for (const bomb of bombs) {
      const began = Date.now();
      const ended = await decodeImage(bomb, 8).then((pixels) => [...pixels], reasonOf);
      if (typeof ended !== 'string') expect(ended).toEqual(Array(192).fill(255));
      expect(Date.now() - began).toBeLessThan(5000);
    }
  });
});
