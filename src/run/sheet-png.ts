import { sharp } from '../data/image-library.js';
import { visible } from '../page/shell.js';
import type { Sheet, SheetCell } from './show-data.js';

const MARGIN = 20;
const GAP = 10;
const TITLE = 18;
const TEXT = 12;
const LINE = 17;
const INK = '#1a1a1a';
const QUIET = '#5c5c5c';
/** Of a letter's height, in the sans-serif faces that systems have: a little too wide, so that no text is cut. */
const LETTER = 0.62;

/** A sheet as one PNG: a row of pictures for each image, with the words beneath in SVG. Small sides are enlarged pixel by pixel. */
export async function sheetPng({ title, notes, side, rows }: Sheet): Promise<Buffer> {
  const scale = Math.max(1, Math.round(144 / side));
  const cell = Math.min(224, side * scale);
  const columns = Math.max(1, ...rows.map(({ cells }) => cells.length));
  const width = 2 * MARGIN + columns * (cell + GAP) - GAP;
  const lines = notes.flatMap((note) => wrapped(note, width - 2 * MARGIN, TEXT));
  const captions = rows.map(({ cells }) =>
    cells.map(({ caption }) => caption.split('\n').flatMap((line) => wrapped(line, cell, TEXT - 1))),
  );
  const most = Math.max(1, ...captions.flat().map((lines) => lines.length));
  const rowHeight = LINE + 4 + cell + most * (LINE - 3) + 2 * GAP;
  const head = MARGIN + TITLE + GAP + lines.length * LINE + GAP;
  const height = head + rows.length * rowHeight + MARGIN;

  const words = [text(MARGIN, MARGIN + TITLE - 4, TITLE, INK, fitted(title, width - 2 * MARGIN, TITLE), 600)];
  lines.forEach((line, i) => {
    words.push(text(MARGIN, MARGIN + TITLE + GAP + (i + 1) * LINE - 4, TEXT, QUIET, line));
  });
  const pictures: { input: Buffer; left: number; top: number }[] = [];
  for (const [r, { file, className, cells }] of rows.entries()) {
    const top = head + r * rowHeight;
    words.push(
      text(
        MARGIN,
        top + TEXT,
        TEXT + 1,
        INK,
        fitted(`${className} · ${fileIn(file, className)}`, width - 2 * MARGIN, TEXT + 1),
        600,
      ),
    );
    for (const [c, { pixels }] of cells.entries()) {
      const left = MARGIN + c * (cell + GAP);
      if (pixels === null)
        words.push(
          `<rect x="${left + 0.5}" y="${top + LINE + 4.5}" width="${cell - 1}" height="${cell - 1}" fill="none" stroke="#bbb" stroke-dasharray="4 4"/>`,
        );
      else pictures.push({ input: await pictureOf(pixels, side, cell), left, top: top + LINE + 4 });
      captions[r]?.[c]?.forEach((line, i) => {
        words.push(text(left, top + LINE + 4 + cell + (i + 1) * (LINE - 3), TEXT - 1, QUIET, line));
      });
    }
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${words.join('')}</svg>`;
  return await sharp({ create: { width, height, channels: 3, background: '#fff' } })
    .composite([...pictures, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** A file's path without the folder that is its class. */
export function fileIn(file: string, className: string): string {
  return file.startsWith(`${className}/`) ? file.slice(className.length + 1) : file;
}

/** The pixels of a cell as a PNG of `size` pixels a side. */
export async function pictureOf(pixels: NonNullable<SheetCell['pixels']>, side: number, size: number): Promise<Buffer> {
  return await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .resize(size, size, { kernel: size > side ? 'nearest' : 'lanczos3' })
    .png()
    .toBuffer();
}

function text(x: number, y: number, size: number, colour: string, words: string, weight = 400): string {
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="${size}" font-weight="${weight}" fill="${colour}">${escaped(words)}</text>`;
}

/** As many letters as fit, the end cut off. */
function fitted(words: string, width: number, size: number): string {
  const letters = [...visible(words)];
  const room = Math.max(1, Math.floor(width / (size * LETTER)));
  return letters.length <= room ? letters.join('') : `${letters.slice(0, room - 1).join('')}…`;
}

/** Lines that fit, broken at spaces; a word that is longer than a line is cut. */
function wrapped(words: string, width: number, size: number): string[] {
  const lines: string[] = [];
  const room = width / (size * LETTER);
  for (const word of words.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && [...line].length + 1 + [...word].length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => fitted(line, width, size));
}

function escaped(words: string): string {
  return words.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
