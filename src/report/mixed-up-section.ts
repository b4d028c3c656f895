import { html, shortName } from '../page/shell.js';
import type { HeldOut } from './input.js';
import type { MixUps } from './mixed-up.js';
import type { Pictures } from './pictures.js';
import { type Section, section } from './section.js';
import { counted, whole } from './words.js';

/** The classes that retrieval takes for each other, each with one query and its wrong first answer. */
export async function mixedUpSection(
  { pairs, wrong, looked }: MixUps,
  { classes, files }: HeldOut,
  pictures: Pictures,
): Promise<Section> {
  const picture = await pictures.load(
    pairs.flatMap(({ example }) => [example.query, example.answer]),
    112,
  );
  const sampled = looked < wrong ? ` A sample of ${whole(looked)} of them was looked at.` : '';
  const lead =
    wrong === 0
      ? 'No query has a wrong first answer.'
      : `${counted(wrong, 'query has', 'queries have')} a wrong first answer.${sampled} These pairs of classes are most often concerned: the query (left), and what came first instead.`;
  return section(
    'mixed-up',
    'Classes that are mixed up',
    lead,
    html`<div class="pairs">${pairs.map(
      ({ truth, taken, count, of, example }) =>
        html`<figure class="pair card"><div>${picture(example.query, files[example.query])}<span class="arrow" aria-hidden="true">→</span>${picture(example.answer, files[example.answer])}</div><figcaption><b>${shortName(classes[truth] as string)}</b> taken for <b>${shortName(classes[taken] as string)}</b>: ${count} of ${counted(of, 'image')}</figcaption></figure>`,
    )}</div>`,
  );
}
