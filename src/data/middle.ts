import { sharp } from './image-library.js';

/** How ImageNet classifiers are scored: the short side brought to `resize` pixels, then the `crop` × `crop` in the middle. */
export interface Middle {
  readonly resize: number;
  readonly crop: number;
  readonly interpolation: 'bilinear' | 'bicubic';
}

/** The middle of an image as crop × crop × 3 RGB bytes, rows first. The frame is not turned by its EXIF tag: the published scores are not. */
export async function decodeMiddle(path: string, { resize, crop, interpolation }: Middle): Promise<Uint8Array> {
  const { width, height } = await sharp(path).metadata();
  const scale = resize / Math.min(width, height);
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  return sharp(path)
    .resize(w, h, { fit: 'fill', kernel: interpolation === 'bicubic' ? 'cubic' : 'linear', fastShrinkOnLoad: false })
    .extract({ left: Math.round((w - crop) / 2), top: Math.round((h - crop) / 2), width: crop, height: crop })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer();
}
