import { loweredInWords } from '../evaluate/lowered.js';
import { type Html, html } from '../page/shell.js';
import type { ReportInput, ScoreRow } from './input.js';
import { counted, isFitted, percent, rowInWords, signedPoints, whole } from './words.js';

const RECALL = 'recall_at_1';

/** The story of a run in three sentences, and what a reader must not overlook. */
export interface Story {
  readonly sentences: readonly Html[];
  readonly warnings: readonly string[];
}

/** Told from the numbers alone: what it came to, what each phase brought, what is exported and why. */
export function storyOf(input: ReportInput): Story {
  return { sentences: [outcome(input), phases(input), choice(input)].filter((one) => one !== null), warnings: warningsOf(input) };
}

/** '52.9 % (50.8–54.9)'; the first one of a page says what is in the brackets. */
function withInterval(row: ScoreRow, metric: string, says = ''): Html {
  const { low, high } = row.intervals[metric] ?? { low: Number.NaN, high: Number.NaN };
  const range = Number.isFinite(low) ? ` (${says}${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})` : '';
  return html`<strong>${percent(row.scores[metric] ?? Number.NaN)}</strong>${range}`;
}

function outcome({ rows, exported, data, backbone, classifier }: ReportInput): Html | null {
  const named =
    classifier === null
      ? null
      : html`The classifier of phase 1 names <strong>${percent(classifier.top_1)}</strong> of ${counted(classifier.images, 'unseen image')} right. `;
  const shown = rows.find(({ name }) => name === exported?.row) ?? rows.at(-1);
  if (shown === undefined) return named;
  const heldOut = data?.split?.parts.heldOut;
  const queries = shown.scores.queries ?? heldOut?.images;
  const asked = `${queries === undefined ? 'the held-out images' : counted(queries, 'image')}${heldOut === undefined ? '' : ` of ${counted(heldOut.classes, 'class', 'classes')}`}`;
  const unseen = data?.split?.kind === 'closed' ? '' : ' that training never saw';
  const before = rows.find(({ name }) => name === 'before');
  const baseline =
    before === undefined || before === shown
      ? null
      : html`; before training, ${backbone} (${whole(before.dimensions)} numbers) did so for ${withInterval(before, RECALL)}`;
  return html`${named}Asked with ${asked}${unseen}, ${before === shown ? `${backbone} as it came` : 'the model'} (${whole(shown.dimensions)} numbers an image) finds an image of the same class first for ${withInterval(shown, RECALL, '95\u00a0% interval ')}${baseline}.`;
}

/**
 * What each phase brought, by rows of the exported one's kind: whitened against whitened, or plain against plain. The table of
 * changes has both.
 */
function phases({ steps, exported }: ReportInput): Html | null {
  const fitted = exported !== null && isFitted(exported.row);
  const told = ['classification', 'triplet'].flatMap((stage) => {
    const to = fitted ? `${stage}-whitened` : stage;
    const step = steps.find((one) => one.to === to && isFitted(one.from) === fitted);
    const recall = step?.difference[RECALL];
    if (recall === undefined) return [];
    const range = `[${signedPoints(recall.low)}, ${signedPoints(recall.high)}]`;
    const clear = recall.verdict === 'no clear difference' ? ', no clear difference' : '';
    return [html`${PHASES[stage]} brought <strong>${signedPoints(recall.value)}</strong> ${range}${clear}`];
  });
  if (told.length === 0) return null;
  return html`In points of Recall@1, each query against itself${fitted ? ' and both with a head fitted in closed form' : ''}: ${told.map((one, at) => html`${at > 0 ? '; ' : null}${one}`)}.`;
}

const PHASES: Readonly<Record<string, string>> = {
  classification: 'phase 1 (classification)',
  triplet: 'phase 2 (triplets)',
};

function choice({ exported, plans }: ReportInput): Html | null {
  if (exported === null) return null;
  const proofs = plans.map(({ proof }) => proof).filter((proof) => proof !== null && proof.frozen > 0);
  const frozen =
    proofs.length === 0
      ? ''
      : proofs.every((proof) => proof?.unchanged)
        ? '; what was frozen is proved unchanged, byte by byte'
        : '; BUT FROZEN VARIABLES MOVED';
  return html`Exported is <strong>${rowInWords(exported.row)}</strong>: ${exported.because}${frozen}.`;
}

function warningsOf({ finished, steps, exported, data, rows, epochs }: ReportInput): string[] {
  const warnings: string[] = [];
  if (!finished)
    warnings.push(
      `This run has not come to its end: ${epochs.length === 0 ? 'no epoch is logged yet' : `${counted(epochs.length, 'epoch is', 'epochs are')} logged`}. What there is so far is shown.`,
    );
  for (const { to, difference } of steps) {
    const lowered = to === 'classification' || to === 'triplet' ? loweredInWords(difference) : null;
    if (lowered !== null)
      warnings.push(
        `On the held-out images the ${to} phase ${lowered} by its own features (see the table of changes); ${exported?.row === to ? 'validation chose it nonetheless' : 'another row is exported'}.`,
      );
  }
  const best = rows.reduce<ScoreRow | undefined>(
    (a, b) => (a === undefined || (b.scores[RECALL] ?? 0) > (a.scores[RECALL] ?? 0) ? b : a),
    undefined,
  );
  const first = rows[0];
  if (first !== undefined && best === first && rows.length > 1)
    warnings.push('Nothing that training did retrieves the held-out images better than the network before training.');
  if (data !== null) {
    const { skipped, sharedAcrossClasses, singleImageClasses, findings, split } = data;
    const leaks = findings?.find(({ kind }) => kind === 'leakage');
    const conflicts = findings?.find(({ kind }) => kind === 'label-conflict');
    const problems = [
      leaks !== undefined && `${leaks.what}, so the scores are better than the model`,
      skipped.length > 0 &&
        `${counted(skipped.length, 'file')} could not be read and ${skipped.length === 1 ? 'was' : 'were'} left out`,
      conflicts?.what,
      findings === null &&
        sharedAcrossClasses.length > 0 &&
        `${counted(sharedAcrossClasses.length, 'picture lies', 'pictures lie')} in more than one class`,
      singleImageClasses.length > 0 && `${counted(singleImageClasses.length, 'class has', 'classes have')} a single image`,
      split !== null &&
        (split.parts.validation?.images ?? 0) === 0 &&
        'there was no validation part, so nothing was chosen by it',
    ].filter((problem) => typeof problem === 'string');
    if (problems.length > 0) warnings.push(`Of the images: ${problems.join('; ')}. See "The images".`);
  }
  return warnings;
}
