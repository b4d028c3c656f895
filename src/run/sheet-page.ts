import { html, name, page } from '../page/shell.js';
import { fileIn, pictureOf } from './sheet-png.js';
import type { Sheet } from './show-data.js';

const style = `
.sheet { margin: 0 0 1.5rem; }
.sheet h2 { font-size: 1rem; margin: 0 0 .4rem; }
.views { display: flex; flex-wrap: wrap; gap: .6rem; }
.views figure { margin: 0; width: 9rem; }
.views img, .views .none { width: 9rem; height: 9rem; display: block; border-radius: 4px; }
.views .none { border: 1px dashed var(--line); }
.views figcaption { margin: .3rem 0 0; font-size: .75rem; line-height: 1.3; color: var(--quiet); overflow-wrap: anywhere; white-space: pre-line; }
`;

/** A sheet as a page that opens from disk; the pictures are inside it, pixel by pixel. */
export async function sheetPage({ title, notes, side, rows }: Sheet): Promise<string> {
  const pictures = await Promise.all(
    rows.map(({ cells }) => Promise.all(cells.map(({ pixels }) => (pixels === null ? null : dataUri(pixels, side))))),
  );
  const body = html`<header><h1>${title}</h1>${notes.map((note) => html`<p class="quiet">${note}</p>`)}</header>
<main>${rows.map(
    (
      { file, className, cells },
      r,
    ) => html`<section class="sheet"><h2>${name(className)} <span class="quiet">${name(fileIn(file, className))}</span></h2>
<div class="views">${cells.map(({ caption }, c) => {
      const picture = pictures[r]?.[c] ?? null;
      return html`<figure>${picture === null ? html`<div class="none"></div>` : html`<img src="${picture}" alt="${className}, ${caption}">`}<figcaption>${caption}</figcaption></figure>`;
    })}</div></section>`,
  )}</main>`;
  return page({ title, body, style });
}

async function dataUri(pixels: Uint8Array, side: number): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await pictureOf(pixels, side, side)).toString('base64')}`;
}
