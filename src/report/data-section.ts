import { type Html, html, name } from '../page/shell.js';
import { findingsOf } from './findings.js';
import type { DataOfRun } from './input.js';
import { type Section, section, table } from './section.js';
import { counted, whole } from './words.js';

/** Lines of a list that a page shows; the run's data.json has them all. */
const SHOWN = 40;

/** What the run was made of, and what is wrong with it. */
export async function dataSection(data: DataOfRun): Promise<Section> {
  const { split, skipped, singleImageClasses, findings } = data;
  // The findings tell more of them.
  const sharedAcrossClasses = findings === null ? data.sharedAcrossClasses : [];
  const found = findings === null ? [] : await findingsOf(findings);
  const parts =
    split === null ? [] : (['train', 'validation', 'heldOut'] as const).map((part) => [part, split.parts[part]] as const);
  return section(
    'images',
    'The images',
    html`${name(data.name)}: ${counted(data.images, 'image')} of ${counted(data.classes, 'class', 'classes')}${split === null ? '' : `, split by ${split.by}: the held-out part has ${split.kind === 'open' ? 'classes that training never saw' : 'unseen images of the classes that train'}`}.`,
    html`${
      parts.length === 0
        ? null
        : table(
            [{ text: 'part' }, { text: 'used for' }, { text: 'classes', number: true }, { text: 'images', number: true }],
            parts.map(([part, size]) => ({
              cells: [WORDS[part][0], WORDS[part][1], whole(size?.classes ?? 0), whole(size?.images ?? 0)],
            })),
          )
    }
${list(
  'Files that could not be read',
  'They were left out. A converter or a new download mends most of them.',
  skipped.map(({ file, reason }) => html`${name(file)}: ${reason}`),
)}
${list(
  'Classes with a single image',
  'No other image can be found for them, and no pair can be made of one. Take more pictures, or merge them.',
  singleImageClasses.map((one) => name(one)),
)}
${list(
  'The same picture in more than one class',
  'Equal files whose classes differ: at least one label is wrong, and what is learned from them contradicts itself.',
  sharedAcrossClasses.map((files) => html`${files.map((file, at) => html`${at > 0 ? ' = ' : null}${name(file)}`)}`),
)}
${found}
${skipped.length + singleImageClasses.length + sharedAcrossClasses.length + found.length === 0 ? html`<p>${findings === null ? 'Every file was read, every class has at least two images, and no picture lies in two classes.' : 'Every file was read, every class has at least two images, and no copies were found.'}</p>` : null}
<p class="small quiet"><code>ft data check</code> asks the network too: crops, mirrored copies, and likely wrong labels by this run's embedding (<code>--model</code>).</p>`,
  );
}

const WORDS = {
  train: ['training', 'weights and heads'],
  validation: ['validation', 'choosing the epoch, the shrinkage and the row that is exported'],
  heldOut: ['held out', 'the scores, and nothing else'],
} as const;

function list(title: string, what: string, entries: readonly Html[]): Html | null {
  if (entries.length === 0) return null;
  const more = entries.length - SHOWN;
  return html`<details class="problem" open><summary>${title} (${whole(entries.length)})</summary><p class="small quiet">${what}</p><ul>${entries.slice(0, SHOWN).map((entry) => html`<li>${entry}</li>`)}${more > 0 ? html`<li class="quiet">and ${whole(more)} more: see data.json of the run</li>` : null}</ul></details>`;
}
