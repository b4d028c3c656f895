import { casesOf, picturedPaths } from '../page/cases.js';
import { type Html, html } from '../page/shell.js';
import { thumbnails } from '../page/thumbnail.js';
import type { FindingOfRun } from './input.js';
import { whole } from './words.js';

/** Cases of a finding that get pictures: the page stays small whatever was found. */
const SHOWN = 6;
const SIDE = 112;

/** What makes scores or labels doubtful is open, the rest a click away. */
const GRAVE: readonly string[] = ['leakage', 'label-conflict'];

/** These the page lists by name: a file that does not decode has no picture, and of a class with one image the name says it all. */
const LISTED: readonly string[] = ['damaged', 'single-image'];

/** What was found wrong with the images before training, with pictures of the first cases. */
export async function findingsOf(findings: readonly FindingOfRun[]): Promise<Html[]> {
  const pictured = findings.filter(({ kind }) => !LISTED.includes(kind));
  const paths = picturedPaths(pictured.flatMap(({ cases }) => cases.slice(0, SHOWN)));
  const made = await thumbnails(paths, SIDE);
  const pictures = new Map(paths.map((path, at) => [path, made[at] ?? null]));
  return pictured.map(({ kind, what, why, mend, cases }) => {
    const more = cases.length - SHOWN;
    return html`<details class="problem" ${GRAVE.includes(kind) ? html`open` : null}><summary>${capital(what)}</summary>
<p class="small quiet">${capital(why)}. Do this: ${mend}.</p>${casesOf(cases.slice(0, SHOWN), pictures)}${more > 0 ? html`<p class="small quiet">and ${whole(more)} more: see findings.json of the run</p>` : null}</details>`;
  });
}

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
