import { stat } from 'node:fs/promises';
import { sharp } from '../data/image-library.js';

/**
 * A small picture of an image file as a data URI (WebP): upright by its EXIF tag, whole and in its own proportions inside
 * size × size pixels, transparency on white as the network sees it, never enlarged. The same file gives the same bytes.
 *
 * Null where the file is gone, is no plain file, or does not decode: the caller shows that it is missing.
 */
export async function thumbnail(path: string, size: number): Promise<string | null> {
  try {
    // A pipe or a device would be waited for.
    if (!(await stat(path)).isFile()) return null;
    const bytes = await small(path, size).webp({ quality: 72, effort: 2 }).toBuffer();
    return `data:image/webp;base64,${bytes.toString('base64')}`;
  } catch {
    return null;
  }
}

/** The same picture as the bytes of a JPEG, of a file or of its bytes. @throws Error where it does not decode */
export function jpegThumbnail(image: string | Uint8Array, size: number): Promise<Uint8Array> {
  return small(image, size).jpeg({ quality: 80 }).toBuffer();
}

function small(image: string | Uint8Array, size: number) {
  return sharp(image, { failOn: 'none' })
    .autoOrient()
    .resize(size, size, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .toColourspace('srgb');
}

/** The thumbnails of many files, a few at a time; null for each that cannot be shown. */
export async function thumbnails(paths: readonly string[], size: number, atOnce = 8): Promise<(string | null)[]> {
  const found: (string | null)[] = new Array(paths.length).fill(null);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < paths.length; at = next++) found[at] = await thumbnail(paths[at] as string, size);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, paths.length) }, worker));
  return found;
}
