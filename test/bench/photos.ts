import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharp } from '../../src/data/image-library.js';
import { u } from '../train/formula.js';

const SIZE = { width: 400, height: 300 };
/** Sides of the noise that a picture is made of, coarse to fine, and how much of each; the JPEG comes out as large as a photo's. */
const OCTAVES = [
  { columns: 8, rows: 6, weight: 0.55 },
  { columns: 50, rows: 38, weight: 0.3 },
  { columns: 400, rows: 300, weight: 0.15 },
];
const TOGETHER = 8;

/**
 * A folder of JPEG files of 400 × 300 pixels, quality 90: noise of three scales, from the formula, so that no two are the same and every
 * machine has the same ones. Shapes as large as a photo's and grain as fine, because flat pictures would decode faster than photos.
 */
export async function makePhotos(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let start = 0; start < count; start += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, count - start) }, (_, at) => start + at);
    await Promise.all(
      some.map(async (image) => writeFile(join(folder, `${String(image).padStart(6, '0')}.jpg`), await photo(image))),
    );
  }
}

/** One of them as JPEG bytes. */
export async function photo(image: number): Promise<Buffer> {
  const { width, height } = SIZE;
  const sum = new Float32Array(width * height * 3);
  for (const { columns, rows, weight } of OCTAVES) {
    // The grain is alike in all: drawing it anew takes longer than all the rest.
    const name = columns === width ? 'grain' : `photo ${image} ${columns}`;
    const noise = Uint8Array.from(drawn(name, columns * rows * 3), (value) => (value + 0.5) * 256);
    const layer = await sharp(noise, { raw: { width: columns, height: rows, channels: 3 } })
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer();
    for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (layer[at] as number) * weight;
  }
  return sharp(Uint8Array.from(sum), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

const grain = new Map<string, Float64Array>();

function drawn(name: string, size: number): Float64Array {
  if (name !== 'grain') return u(name, size);
  const known = grain.get(name) ?? u(name, size);
  grain.set(name, known);
  return known;
}
