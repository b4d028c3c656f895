import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { kindOfContent } from './content-kind.js';
import { sharp } from './image-library.js';
import { systemReason } from './system-reason.js';

/** Pixels of a frame that are decoded at most: 16,383 squared. A larger one is a mistake or a bomb. */
const mostPixels = 0x3fff ** 2;

/** From this size on, frames are decoded one after the other, because a decoder may hold the whole of one in memory. */
const largePixels = 30e6;

/** Bytes of an SVG: drawings are small, and its parser takes many times its text. */
const mostSvgBytes = 16 << 20;

/** Thrown before a frame is decoded that has more pixels than are allowed. */
export class TooManyPixels extends Error {}

/** A picture that stops the decoder for this long is given up. */
const mostSeconds = 120;

/**
 * Decodes an image to side × side × 3 RGB bytes, rows first: turned upright by its EXIF tag, transparency laid on white,
 * converted to sRGB (grey, CMYK, 16-bit, embedded profiles), the whole frame stretched to a square. Of an animation and of a
 * TIFF with several pages the first is taken. Resizing is a triangle filter scaled to the reduction, as Pillow's BILINEAR
 * (libvips averages whole blocks first where it reduces a lot: photos come out 0.2 grey levels apart on average). A drawing
 * (SVG) is rendered at the size that is wanted; it reads no other file and runs no script, because it is handed over without
 * the place where it lies.
 * @param most pixels of a frame, at most
 * @throws Error with the decoder's words where the file is no image or is cut short; TooManyPixels
 */
export async function decodeImage(file: string | Uint8Array, side: number, most = mostPixels): Promise<Uint8Array> {
  const bytes = typeof file === 'string' ? await readRegular(file) : file;
  const isSvg = kindOfContent(bytes) === 'SVG';
  if (isSvg && bytes.length > mostSvgBytes)
    throw new Error(`a drawing of ${Math.round(bytes.length / 2 ** 20)} MB is not rendered`);
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
  if (width * height > most) {
    throw new TooManyPixels(`${width} × ${height} pixels: more than the ${Math.floor(most / 1e6)} million that are decoded`);
  }
  const decode = () => toSquare(bytes, side, isSvg ? { density: svgDensity(width, height, side) } : {});
  return width * height > largePixels ? oneByOne(decode) : decode();
}

async function toSquare(bytes: Uint8Array, side: number, options: { density?: number }): Promise<Uint8Array> {
  const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: mostPixels, ...options })
    .timeout({ seconds: mostSeconds })
    .autoOrient()
    .flatten({ background: '#fff' })
    .resize(side, side, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels === 3) return data;
  if (info.channels === 1) return threeTimes(data);
  throw new Error(`decoded to ${info.channels} channels`);
}

/**
 * The whole of a file. It is opened without waiting, so that a pipe that has come into its place ends it instead of holding
 * it for ever.
 */
async function readRegular(path: string): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('neither a file nor a folder');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Dots an inch (72: as drawn) at which the shorter side of a drawing has `side` pixels; never smaller than it was drawn. */
function svgDensity(width: number, height: number, side: number): number {
  const larger = Math.min((side / Math.min(width, height)) * 72, 7200);
  const fits = Math.sqrt(largePixels / (width * height)) * 72;
  return Math.max(72, Math.min(larger, fits));
}

let last: Promise<unknown> = Promise.resolve();

/** Waits for the large frames before it. */
function oneByOne<T>(decode: () => Promise<T>): Promise<T> {
  const mine = last.then(decode, decode);
  last = mine.catch(() => undefined);
  return mine;
}

function threeTimes(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] as number, i * 3, i * 3 + 3);
  return rgb;
}

/** A decoder's message as one short line for a person. */
export function reasonOf(error: unknown): string {
  if (typeof (error as NodeJS.ErrnoException)?.code === 'string') return systemReason(error);
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('unsupported image format')) return 'not an image, or of a kind that cannot be decoded here';
  if (/timeout/.test(message)) return `takes longer than ${mostSeconds} seconds to decode`;
  // libvips keeps what went wrong in one place for all threads: of two that fail at once one may find its words gone.
  if (/bad seek|unable to parse image|Unexpected end of|premature end|read error|cut short|corrupt header:\s*$/i.test(message))
    return 'damaged or cut short';
  if (/XML parse error/.test(message)) return 'a drawing that is not well-formed XML';
  const plain = (message.split('\n', 1)[0] as string)
    .replace(/^Input (file|buffer) has corrupt header: /, '')
    .replace(/^\w+: /, '')
    .trim();
  return plain.slice(0, 200) || 'cannot be decoded';
}
