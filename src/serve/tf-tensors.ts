import { Refusal } from './refusal.js';

/** Images of one height and width as bytes of RGB, rows first. */
export interface RgbImages {
  readonly height: number;
  readonly width: number;
  readonly images: readonly Uint8Array[];
}

/**
 * A uint8 tensor [batch, height, width, 3] out of nested lists.
 * @param most pixels of an image, at most
 * @throws Refusal 400 where lists are not of one length, or a value is no whole number from 0 to 255; 413
 */
export function rgbOf(value: unknown, where: string, most: number): RgbImages {
  const images = listOf(value, where);
  const height = listOf(images[0], `${where}[0]`).length;
  const width = listOf((images[0] as unknown[])[0], `${where}[0][0]`).length;
  if (height * width > most)
    throw new Refusal(413, { what: 'an image has too many pixels', where, found: `${height} × ${width}` });
  return {
    height,
    width,
    images: images.map((rows, n) => {
      const rgb = new Uint8Array(height * width * 3);
      let at = 0;
      for (const [y, row] of listOf(rows, `${where}[${n}]`, height).entries())
        for (const [x, pixel] of listOf(row, `${where}[${n}][${y}]`, width).entries())
          for (const channel of listOf(pixel, `${where}[${n}][${y}][${x}]`, 3)) {
            if (!Number.isInteger(channel) || (channel as number) < 0 || (channel as number) > 255)
              throw new Refusal(400, {
                what: 'a value is no byte',
                where: `${where}[${n}][${y}][${x}]`,
                expected: 'whole numbers from 0 to 255 (DT_UINT8)',
                found: JSON.stringify(channel)?.slice(0, 40) ?? 'nothing',
              });
            rgb[at++] = channel as number;
          }
      return rgb;
    }),
  };
}

function listOf(value: unknown, where: string, length?: number): unknown[] {
  if (Array.isArray(value) && value.length > 0 && (length === undefined || value.length === length)) return value;
  throw new Refusal(400, {
    what: 'the tensor has not the right shape',
    where,
    expected: length === undefined ? 'lists of a batch of images: [batch, height, width, 3]' : `a list of ${length}`,
    found: Array.isArray(value) ? `a list of ${value.length}` : typeof value,
  });
}
