import { sharp } from './image-library.js';

/** What sharp's own build decodes, by extension. */
export const readableExtensions: ReadonlySet<string> = new Set([
  'jpg',
  'jpeg',
  'jfif',
  'png',
  'webp',
  'gif',
  'tif',
  'tiff',
  'avif',
  'svg',
]);

/** Pictures that it does not decode: they are reported, not passed over in silence. */
export const unreadableExtensions: ReadonlySet<string> = new Set([
  'heic',
  'heif',
  'bmp',
  'ico',
  'jp2',
  'j2k',
  'jxl',
  'psd',
  'tga',
  'ppm',
  'pgm',
  'dng',
  'cr2',
  'cr3',
  'nef',
  'arw',
  'orf',
  'raf',
  'rw2',
]);

/**
 * Decodes an image to side × side × 3 RGB bytes, rows first: turned upright by its EXIF tag, transparency laid on white,
 * converted to sRGB (grey, CMYK, 16-bit, embedded profiles), the whole frame stretched to a square. Resizing is a triangle
 * filter scaled to the reduction, as Pillow's BILINEAR (libvips averages whole blocks first where it reduces a lot: photos
 * come out 0.2 grey levels apart on average).
 * @throws Error with the decoder's words where the file is no image or is cut short
 */
export async function decodeImage(file: string | Uint8Array, side: number): Promise<Uint8Array> {
  const { data, info } = await sharp(file, { failOn: 'error' })
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

function threeTimes(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] as number, i * 3, i * 3 + 3);
  return rgb;
}

/** A decoder's message as one short line for a person. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const first = message.split('\n', 1)[0] as string;
  if (first.includes('unsupported image format')) return 'not an image, or of a kind that cannot be decoded here';
  const plain = first
    .replace(/^Input (file|buffer) has corrupt header: /, '')
    .replace(/^\w+: /, '')
    .trim();
  return plain.slice(0, 200) || 'cannot be decoded';
}
