import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const require = createRequire(import.meta.url);
const groceries = fileURLToPath(new URL('../../../shared/data/groceries.tar', import.meta.url));

/** Real images as RGB bytes, side by side: emoji by an artist of Noto, and shop photos where they are on this machine. */
export async function realImages(side: number): Promise<{ count: number; pixels: Float32Array }> {
  const rendered = await Promise.all([...emoji(), ...photos()].map((source) => square(source, side)));
  const pixels = new Float32Array(rendered.length * side * side * 3);
  rendered.forEach((bytes, at) => pixels.set(bytes, at * side * side * 3));
  return { count: rendered.length, pixels };
}

function emoji(): Buffer[] {
  const file = JSON.parse(readFileSync(require.resolve('@iconify-json/noto/icons.json'), 'utf8')) as {
    icons: Record<string, { body: string }>;
  };
  return ['tiger-face', 'red-apple'].map((name) => {
    const body = file.icons[name]?.body ?? '';
    return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128" width="256" height="256">${body}</svg>`);
  });
}

function photos(): Buffer[] {
  if (!existsSync(groceries)) return [];
  const names = execFileSync('tar', ['-tf', groceries], { maxBuffer: 1e8 })
    .toString()
    .split('\n')
    .filter((name) => /\.jpe?g$/i.test(name));
  return [names[0], names[1000]].flatMap((name) =>
    name === undefined ? [] : [execFileSync('tar', ['-xOf', groceries, name], { maxBuffer: 1e8 })],
  );
}

function square(source: Buffer, side: number): Promise<Buffer> {
  return sharp(source)
    .flatten({ background: 'white' })
    .resize(side, side, { fit: 'fill' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer();
}
