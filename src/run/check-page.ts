import { Interrupted } from '../errors.js';
import type { Finding } from '../inspect/findings.js';
import { CASES_STYLE, casesOf, picturedPaths } from '../page/cases.js';
import { type Html, html, name, page } from '../page/shell.js';
import { thumbnails } from '../page/thumbnail.js';
import type { Progress } from '../progress.js';
import type { DataCheck } from './check-images.js';

/** Cases of each finding that get pictures: the page stays a few MB whatever was found. */
const shownCases = 60;
const side = 128;

const style = `${CASES_STYLE}
.tag { display: inline-block; font-size: .75rem; border: 1px solid currentColor; border-radius: 999px; padding: 0 .5em; }
.bars { display: grid; grid-template-columns: minmax(0, 12rem) 1fr auto; gap: .2rem .75rem; font-size: .85rem; align-items: center; max-width: 46rem; }
.bars .bar { height: .7rem; background: var(--series-2); border-radius: 2px; min-width: 2px; }
`;

/** A page of what was found, with pictures: opens from disk and asks for nothing. */
export async function checkPage(check: DataCheck, progress: Progress, stopped: () => boolean = () => false): Promise<string> {
  const paths = picturedPaths(check.findings.flatMap(({ cases }) => cases.slice(0, shownCases)));
  const pictures = new Map<string, string | null>();
  const bar = progress.bar('thumbnails', paths.length, 'images');
  for (let first = 0; first < paths.length; first += 32) {
    const some = paths.slice(first, first + 32);
    const made = await thumbnails(some, side);
    some.forEach((path, at) => void pictures.set(path, made[at] ?? null));
    bar.advance(some.length);
    if (stopped()) {
      bar.done();
      throw new Interrupted('stopped while the page was made; nothing was written');
    }
  }
  bar.done();
  const body = html`<header><h1>${check.name}</h1>
<p class="quiet">${check.images.toLocaleString('en-US')} images in ${check.classes.length.toLocaleString('en-US')} classes, checked by <code>ft data check</code>${judges(check)}</p></header>
<main>
<section><h2>What was found</h2>${overview(check.findings)}${check.notes.map((note) => html`<p>${note}</p>`)}</section>
${check.findings.map((found) => findingSection(found, pictures))}
<section><h2>Classes</h2>${sizesOf(check)}</section>
<section><h2>Split</h2>${splitOf(check)}</section>
</main>`;
  return page({ title: `${check.name}: data check`, body, style });
}

function judges({ features }: DataCheck): Html {
  if (features === null) return html`.`;
  return html`. Likeness is judged by ${features.likeness}; labels by ${features.labels}.`;
}

function overview(findings: readonly Finding[]): Html {
  if (findings.length === 0) return html`<p>Nothing.</p>`;
  return html`<ul>${findings.map(({ kind, what }) => html`<li><a href="#${kind}">${what}</a></li>`)}</ul>`;
}

function findingSection({ kind, what, why, mend, cases }: Finding, pictures: ReadonlyMap<string, string | null>): Html {
  const rest = cases.length - shownCases;
  return html`<section id="${kind}"><h2>${what} <span class="tag ${kind === 'leakage' || kind === 'label-conflict' ? 'bad' : 'quiet'}">${kind}</span></h2>
<p>${sentence(why)} <b>Do this:</b> ${mend}.</p>
${casesOf(cases.slice(0, shownCases), pictures)}
${rest > 0 && html`<p class="quiet">… and ${rest} more: <code>ft data check --json</code> lists all.</p>`}</section>
`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Bars of the largest and smallest classes; all of them where they are few. */
function sizesOf({ classes, sizes }: DataCheck): Html {
  const sorted = [...classes].sort((a, b) => b.images - a.images);
  const all = sorted.length <= 40;
  const bars = (some: typeof sorted) =>
    html`<div class="bars">${some.map(
      ({ name: className, images }) =>
        html`<span>${name(className)}</span><span class="bar" style="width: ${((100 * images) / sizes.largest).toFixed(1)}%"></span><span>${images}</span>`,
    )}</div>`;
  return html`<p>${sizes.smallest} to ${sizes.largest} images a class, median ${sizes.median}; Gini ${sizes.gini.toFixed(2)}; as mixed as ${sizes.effective.toFixed(1)} equal classes.</p>
${all ? bars(sorted) : html`<h3>The largest</h3>${bars(sorted.slice(0, 15))}<h3>The smallest</h3>${bars(sorted.slice(-15))}`}`;
}

function splitOf({ split }: DataCheck): Html {
  if ('refused' in split) return html`<p>No split by ${split.by}, so no leakage was looked for: ${split.refused}</p>`;
  const { train, validation, heldOut } = split.parts;
  const kind =
    split.kind === 'open' ? 'the held-out classes are never trained on' : 'held out are other images of the classes that train';
  return html`<p>By ${split.by}: ${train} images train, ${validation} choose, ${heldOut} are held out; ${kind}.</p>${split.notes.map((note) => html`<p>${note}</p>`)}`;
}
