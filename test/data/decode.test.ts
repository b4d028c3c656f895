import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode.js';
import { sharp } from '../../src/data/image-library.js';
import { plain } from './images.js';

const golden = JSON.parse(readFileSync(new URL('../golden/decode.json', import.meta.url), 'utf8')) as {
  width: number;
  height: number;
  side: number;
  pixels: number[];
};

const colours = (pixels: Uint8Array, ...at: number[]) => at.map((i) => [...pixels.subarray(i * 3, i * 3 + 3)]);

function expectNear(found: number[] | undefined, expected: number[], levels: number): void {
  expected.forEach((value, i) => expect(Math.abs(value - (found?.[i] ?? -99))).toBeLessThanOrEqual(levels));
}

describe('decodeImage', () => {
  it('reduces as Pillow does (the peer reads its data so), within one grey level', async () => {
    const { width, height, side, pixels } = golden;
    const raw = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++) raw[(y * width + x) * 3 + c] = Math.abs(((x * 23 + y * (c + 2) * 11) % 510) - 255);
      }
    }
    const png = await sharp(raw, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const found = await decodeImage(png, side);
    const differences = pixels.map((value, i) => Math.abs(value - (found[i] as number)));
    const atBorder = (i: number) => [Math.floor(i / 3) % side, Math.floor(i / 3 / side)].some((p) => p === 0 || p === side - 1);
    // At the border Pillow weighs what there is; libvips goes on with the outermost pixel.
    expect(Math.max(...differences.filter((_, i) => !atBorder(i)))).toBeLessThanOrEqual(1);
    expect(Math.max(...differences.filter((_, i) => atBorder(i)))).toBeLessThanOrEqual(6);
  });

  it('turns a photo upright by its EXIF tag', async () => {
    // Left half red, right half blue, tagged 6: to be shown turned by 90° clockwise, so red comes on top.
    const blue = await plain('#0000ff', 16, 32).png().toBuffer();
    const photo = await plain('#ff0000', 32, 32)
      .composite([{ input: blue, left: 16, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const [top, topRight, bottom] = colours(await decodeImage(photo, 8), 0, 7, 8 * 7);
    expectNear(top, [255, 0, 0], 3);
    expectNear(topRight, [255, 0, 0], 3);
    expectNear(bottom, [0, 0, 255], 3);
  });

  it('lays transparency on white', async () => {
    const half = await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } } })
      .png()
      .toBuffer();
    expectNear(colours(await decodeImage(half, 4), 5)[0], [255, 127, 127], 1);
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } })
      .webp({ lossless: true })
      .toBuffer();
    expect(colours(await decodeImage(clear, 4), 5)[0]).toEqual([255, 255, 255]);
  });

  it('gives three equal channels for a grey image, also a 16-bit one and one with transparency', async () => {
    for (const image of [
      await plain('#777777').toColourspace('b-w').jpeg({ quality: 100 }).toBuffer(),
      await plain('#777777').toColourspace('grey16').png().toBuffer(),
      await plain('#777777').ensureAlpha().toColourspace('b-w').png().toBuffer(),
    ]) {
      const pixels = await decodeImage(image, 4);
      expect(pixels).toHaveLength(48);
      expectNear(colours(pixels, 9)[0], [119, 119, 119], 1);
    }
  });

  it('converts CMYK to RGB', async () => {
    const image = await plain('#ff0000').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(image).metadata()).space).toBe('cmyk');
    const [red, green, blue] = colours(await decodeImage(image, 4), 3)[0] as [number, number, number];
    expect(red).toBeGreaterThan(200);
    expect(Math.max(green, blue)).toBeLessThan(60);
  });

  it('reads PNG palettes, GIF, WebP, TIFF, AVIF and SVG', async () => {
    for (const image of [
      await plain('#f08040').png({ palette: true }).toBuffer(),
      await plain('#f08040').gif().toBuffer(),
      await plain('#f08040').webp({ lossless: true }).toBuffer(),
      await plain('#f08040').tiff().toBuffer(),
      await plain('#f08040').avif({ lossless: true }).toBuffer(),
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="#f08040"/></svg>',
      ),
    ]) {
      expectNear(colours(await decodeImage(image, 4), 6)[0], [240, 128, 64], 2);
    }
  });

  it('refuses a JPEG that is cut short instead of filling it up with grey', async () => {
    const jpeg = await plain('#336699', 64, 64).jpeg().toBuffer();
    await expect(decodeImage(jpeg.subarray(0, jpeg.length - 30), 8)).rejects.toThrow('premature end of JPEG image');
  });
});
