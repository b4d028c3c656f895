import sharp from 'sharp';

/** A picture as a file that a person would choose. */
export async function png(
  name: string,
  colour = '#b8650a',
  side = 96,
): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const buffer = await sharp({ create: { width: side, height: side, channels: 3, background: colour } })
    .png()
    .toBuffer();
  return { name, mimeType: 'image/png', buffer };
}
