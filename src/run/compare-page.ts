import { metricTitle } from '../evaluate/metrics.js';
import { CASES_STYLE, casesOf, type PicturedCase, picturedPaths } from '../page/cases.js';
import { type Html, html, name, page, shortName } from '../page/shell.js';
import { thumbnails } from '../page/thumbnail.js';
import type { Comparison, ImageDifference } from './compare.js';
import type { AnswerDifference } from './compare-classifiers.js';
import type { KeyDifference } from './recipe-difference.js';
import { signed } from './summary.js';

/** A comparison with the names it was asked by. */
export interface NamedComparison extends Comparison {
  readonly name: string;
}

/** Images of each kind that get pictures: the page stays a few MB whatever differs. */
const SHOWN = 60;
const SIDE = 128;

const style = `${CASES_STYLE}
td, th { font-variant-numeric: tabular-nums; }
td.number, th.number { text-align: right; white-space: nowrap; }
.scroll { overflow-x: auto; }
`;

/** Runs side by side, with pictures of the images on which they differ: opens from disk and asks for nothing. */
export async function comparePage(reference: string, compared: readonly NamedComparison[]): Promise<string> {
  const shown = compared.flatMap((one) => [
    ...[...one.gained.slice(0, SHOWN), ...one.lost.slice(0, SHOWN)].map(caseOf),
    ...answersOf(one).gained.slice(0, SHOWN),
    ...answersOf(one).lost.slice(0, SHOWN),
  ]);
  const paths = picturedPaths(shown);
  const made = await thumbnails(paths, SIDE);
  const pictures = new Map(paths.map((path, at) => [path, made[at] ?? null]));
  const body = html`<header><h1>${shortName(reference)} and ${compared.map(({ name: other }, at) => html`${at > 0 ? ', ' : null}${shortName(other)}`)}</h1>
<p class="quiet">Compared by <code>ft compare</code>: each held-out image asks both, and is paired with itself; 95 % intervals.</p></header>
<main>${compared.map((one) => comparisonOf(reference, one, pictures))}</main>`;
  return page({ title: `${reference} and ${compared.map((one) => one.name).join(', ')}`, body, style });
}

function comparisonOf(reference: string, one: NamedComparison, pictures: ReadonlyMap<string, string | null>): Html {
  return html`<section><h2>${name(one.name)} against ${name(reference)}</h2>
<p>${one.images} held-out images of ${one.classes} classes; rows ${one.rows.reference.join(', ')} and ${one.rows.compared.join(', ')}.</p>
${scoresOf(one)}
${keysOf('The recipes differ in', one.recipe) ?? html`<p>The recipes are the same.</p>`}
${keysOf('They also differ in', one.made)}
${imagesOf('Named right', one.name, answersOf(one).gained, pictures)}
${imagesOf('Named right', reference, answersOf(one).lost, pictures)}
${imagesOf('Found', one.name, one.gained.map(caseOf), pictures)}
${imagesOf('Found', reference, one.lost.map(caseOf), pictures)}</section>`;
}

function scoresOf({ metrics }: Comparison): Html {
  const found = Object.entries(metrics);
  const seeds = found.some(([, { overSeeds }]) => overSeeds !== null);
  const interval = (value: number, { low, high }: { low: number; high: number }) =>
    `${signed(value)} [${signed(low)}, ${signed(high)}]`;
  return html`<div class="scroll" tabindex="0"><table><thead><tr><th></th><th class="number">reference</th><th class="number">compared</th><th class="number">over images</th>${seeds && html`<th class="number">over seeds</th>`}<th></th></tr></thead>
<tbody>${found.map(
    ([metric, { reference, compared, overImages, overSeeds }]) =>
      html`<tr><td>${metricTitle(metric)}</td><td class="number">${reference.mean.toFixed(3)}</td><td class="number">${compared.mean.toFixed(3)}</td><td class="number">${interval(overImages.value, overImages)}</td>${seeds && html`<td class="number">${overSeeds === null ? '–' : interval(overSeeds.mean, overSeeds)}</td>`}<td>${(overSeeds ?? overImages).verdict}</td></tr>`,
  )}</tbody></table></div>`;
}

function keysOf(title: string, differences: readonly KeyDifference[]): Html | null {
  if (differences.length === 0) return null;
  const text = (value: unknown) =>
    value === undefined ? '(nothing)' : typeof value === 'string' ? value : JSON.stringify(value);
  return html`<p>${title}</p><ul>${differences.map(({ key, reference, compared }) => html`<li><code>${key}</code>: ${shortName(text(reference))} → ${shortName(text(compared))}</li>`)}</ul>`;
}

function imagesOf(
  what: string,
  finder: string,
  images: readonly PicturedCase[],
  pictures: ReadonlyMap<string, string | null>,
): Html | null {
  if (images.length === 0) return null;
  const more = images.length - SHOWN;
  return html`<h3>${what} by ${name(finder)} alone (${images.length})</h3>${casesOf(images.slice(0, SHOWN), pictures)}${more > 0 && html`<p class="quiet">… and ${more} more: <code>ft compare --json</code> lists all.</p>`}`;
}

/** What the classifiers named otherwise. */
function answersOf({ classifier }: Comparison): { gained: PicturedCase[]; lost: PicturedCase[] } {
  const { gained = [], lost = [] } = classifier?.answers ?? {};
  const of = ({ file, class: className, path, named }: AnswerDifference): PicturedCase => ({
    note: `${named.reference} → ${named.compared}`,
    images: [{ file, class: className, part: null, path }],
  });
  return { gained: gained.map(of), lost: lost.map(of) };
}

function caseOf({ file, class: className, path, map_at_r: map }: ImageDifference): PicturedCase {
  const note = `MAP@R ${map.reference.toFixed(3)} → ${map.compared.toFixed(3)}`;
  return { note, images: [{ file, class: className, part: null, path }] };
}
