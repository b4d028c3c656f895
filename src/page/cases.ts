import { type Html, html, name } from './shell.js';

/** An image as a finding names it. */
interface CaseImage {
  readonly file: string;
  readonly class: string | null;
  readonly part: 'train' | 'validation' | 'heldOut' | null;
  /** Where it lies; null where that is not known. */
  readonly path: string | null;
}

/** What was found: a few images, and what is particular of them. */
export interface PicturedCase {
  readonly note: string;
  readonly images: readonly CaseImage[];
}

/** Pictures of a case; of more it says how many. */
export const CASE_IMAGES = 6;

export const CASES_STYLE = `
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1rem; }
.case { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; min-width: 0; }
.case > p { margin: 0 0 .5rem; font-size: .875rem; color: var(--ink); overflow-wrap: anywhere; }
.pictures { display: flex; flex-wrap: wrap; gap: .6rem; }
.pictures figure { width: 7.5rem; margin: 0; }
.pictures .frame { width: 7.5rem; height: 7.5rem; display: grid; place-items: center; overflow: hidden; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; }
.pictures .frame img { width: 100%; height: 100%; min-height: 0; object-fit: contain; }
.pictures figcaption { margin: .3rem 0 0; font-size: .75rem; line-height: 1.3; overflow-wrap: anywhere; }
`;

/** The files that the cases want pictures of, each once. */
export function picturedPaths(cases: readonly PicturedCase[]): string[] {
  return [...new Set(cases.flatMap(({ images }) => images.slice(0, CASE_IMAGES).flatMap(({ path }) => path ?? [])))];
}

/** Cases side by side, each with its note and its images. */
export function casesOf(cases: readonly PicturedCase[], pictures: ReadonlyMap<string, string | null>): Html {
  return html`<div class="cases">${cases.map((found) => caseOf(found, pictures))}</div>`;
}

function caseOf({ note, images }: PicturedCase, pictures: ReadonlyMap<string, string | null>): Html {
  const more = images.length - CASE_IMAGES;
  return html`<div class="case"><p>${name(note)}</p><div class="pictures">${images.slice(0, CASE_IMAGES).map((image) => figure(image, pictures))}</div>${
    more > 0 && html`<p class="quiet">… and ${more} more</p>`
  }</div>
`;
}

function figure({ file, class: className, part, path }: CaseImage, pictures: ReadonlyMap<string, string | null>): Html {
  const picture = path === null ? null : (pictures.get(path) ?? null);
  return html`<figure><div class="frame">${
    picture === null ? html`<span class="quiet small">no picture</span>` : html`<img src="${picture}" alt="" loading="lazy">`
  }</div><figcaption>${name(file)}${className !== null && !file.startsWith(`${className}/`) && html`<br>${name(className)}`}${part !== null && html`<br>${PARTS[part]}`}</figcaption></figure>`;
}

const PARTS = { train: 'trains', validation: 'chooses', heldOut: 'held out' } as const;
