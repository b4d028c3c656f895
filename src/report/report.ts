import { seededDraws } from '../evaluate/resample.js';
import { type Html, html, name, page, shortName } from '../page/shell.js';
import { classifierSection } from './classifier-section.js';
import { curvesSection } from './curves-section.js';
import { dataSection } from './data-section.js';
import { gallerySections } from './gallery-section.js';
import type { HeldOut, QueryFigures, ReportInput, Vectors } from './input.js';
import { imagesOfMap, layOut } from './layout.js';
import { mapSection } from './map-section.js';
import { mixUps } from './mixed-up.js';
import { mixedUpSection } from './mixed-up-section.js';
import { choosePairs, scorePairs } from './pairs.js';
import { Pictures } from './pictures.js';
import { planSection } from './plan-section.js';
import { reproduceSection } from './reproduce-section.js';
import { scoresSection } from './scores-section.js';
import type { Section } from './section.js';
import { storyOf } from './story.js';
import { REPORT_STYLE } from './style.js';
import { verificationSection } from './verification-section.js';
import { counted } from './words.js';

const PAIRS = 60_000;
const ON_MAP = 360;
const MIXED_UP = 12;

/** What a reader of the terminal hears of a report that was made. */
export interface Report {
  readonly page: string;
  /** Images that the page wanted and that are gone or do not decode any more. */
  readonly gone: number;
}

/**
 * The whole report as one HTML page. A pure function of its input and of the image files: the same run gives the same bytes.
 * Its size is bounded whatever the size of the run: pictures, pairs and lines are counted, and what is a sample says so.
 */
export async function makeReport(input: ReportInput): Promise<Report> {
  const { heldOut, vectors, queries, data } = input;
  const pictures = heldOut === null ? null : new Pictures(heldOut);
  const retrieval =
    heldOut === null || pictures === null ? [] : await retrievalSections(heldOut, vectors, queries, pictures, input.seed);
  const sections = [
    scoresSection(input),
    input.classifier === null ? null : classifierSection(input.classifier),
    ...retrieval,
    curvesSection(input.epochs),
    planSection(input.plans),
    data === null ? null : await dataSection(data),
    reproduceSection(input),
  ].filter((one) => one !== null);
  const gone = pictures?.gone ?? 0;
  const body = html`${headerOf(input)}${contents(sections)}<main>${sections.map(({ body }) => body)}${missing(input, gone)}</main>${footer()}`;
  return { page: page({ title: `${input.recipe}: ${input.run}`, body, style: REPORT_STYLE }), gone };
}

async function retrievalSections(
  heldOut: HeldOut,
  vectors: readonly Vectors[],
  queries: QueryFigures | null,
  pictures: Pictures,
  seed: number,
): Promise<(Section | null)[]> {
  const chosen = vectors[0];
  if (chosen === undefined) return [];
  const draw = seededDraws(seed);
  const sections: (Section | null)[] = [];
  if (queries !== null && queries.images.length > 0) {
    sections.push(...(await gallerySections(chosen, heldOut, queries, pictures, draw)));
    const wrong = queries.images.filter((_, at) => queries.recallAt1[at] !== 1);
    sections.push(await mixedUpSection(mixUps(chosen, heldOut, wrong, MIXED_UP, draw), heldOut, pictures));
  }
  const pairs = choosePairs(heldOut, PAIRS, seed);
  sections.push(
    verificationSection(
      vectors.map((one) => ({ row: one.row, pairs: scorePairs(one, heldOut, pairs) })),
      seed,
    ),
  );
  const layout = layOut(chosen, imagesOfMap(heldOut, ON_MAP, seed), seed);
  if (layout !== null) sections.push(await mapSection(layout, heldOut, pictures));
  return sections;
}

function headerOf(input: ReportInput): Html {
  const { sentences, warnings } = storyOf(input);
  return html`<header>
<p class="eyebrow">${name(input.run)}</p>
<h1>${shortName(input.recipe)}${input.data === null ? null : html` on ${shortName(input.data.name)}`}</h1>
<div class="story">${sentences.map((sentence) => html`<p>${sentence}</p>`)}</div>
${warnings.length === 0 ? null : html`<div class="notice" role="note">${warnings.map((warning) => html`<p>${warning}</p>`)}</div>`}
</header>`;
}

function contents(sections: readonly Section[]): Html {
  return html`<nav class="contents" aria-label="Contents"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`;
}

function missing({ missing: parts }: ReportInput, gone: number): Html | null {
  const lines = [
    ...parts,
    ...(gone > 0
      ? [
          `${counted(gone, 'image')} of this page ${gone === 1 ? 'is' : 'are'} gone or cannot be read any more: a placeholder stands for ${gone === 1 ? 'it' : 'each'}.`,
        ]
      : []),
  ];
  if (lines.length === 0) return null;
  return html`<section id="missing"><h2>What is not shown</h2><ul class="small">${lines.map((line) => html`<li>${line}</li>`)}</ul></section>`;
}

function footer(): Html {
  return html`<footer><p>Made by <code>ft report</code> from the files of the run. The page holds everything that it shows and asks for nothing.</p></footer>`;
}
