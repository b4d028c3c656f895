import { kindOfContent } from '../data/content-kind.js';
import { decodeImage, reasonOf, TooManyPixels } from '../data/decode.js';
import { sharp } from '../data/image-library.js';
import { tooLate } from './batcher.js';
import { Refusal } from './refusal.js';

/**
 * The square RGB bytes of an image file, exactly as training decodes it. Its size is read before anything is decoded. Drawings (SVG) are
 * refused: rendering one may take any time, and a stranger wrote it.
 * @param most pixels, at most
 * @throws Refusal 400, 413, 415
 */
export async function pixelsOfFile(bytes: Uint8Array, side: number, most: number, where: string): Promise<Uint8Array> {
  if (kindOfContent(bytes) === 'SVG')
    throw new Refusal(415, { what: 'drawings (SVG) are not rendered here', where, mend: 'send it as PNG' });
  try {
    return await decodeImage(bytes, side, most);
  } catch (error) {
    if (error instanceof TooManyPixels) throw tooManyPixels(most, where);
    throw new Refusal(400, { what: 'this cannot be read as an image', where, found: reasonOf(error), mend: 'send JPEG or PNG' });
  }
}

/** An image that came as bytes of RGB, rows first, stretched to a square by the same filter. */
export async function pixelsOfRgb(
  rgb: Uint8Array,
  [height, width]: readonly [number, number],
  side: number,
): Promise<Uint8Array> {
  if (height === side && width === side) return rgb;
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize(side, side, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
    .raw()
    .toBuffer();
}

export function tooManyPixels(most: number, where: string): Refusal {
  const words = most < 2e6 ? most.toLocaleString('en') : `${Math.floor(most / 1e6)} million`;
  return new Refusal(413, { what: 'the image has too many pixels', where, expected: `at most ${words}` });
}

/** What is not there in time is given up. */
export async function inTime<T>(work: Promise<T>, until: number, now: () => number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), Math.max(0, until - now()));
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
