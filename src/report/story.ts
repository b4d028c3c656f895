import { type Html, html } from '../page/shell.js';
import type { ReportInput, ScoreRow, Step } from './input.js';
import { counted, percent, rowInWords, signedPoints } from './words.js';

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

function withInterval(row: ScoreRow, metric: string): string {
  const { low, high } = row.intervals[metric] ?? { low: Number.NaN, high: Number.NaN };
  const range = Number.isFinite(low) ? ` (95 % interval ${percent(low)} to ${percent(high)})` : '';
  return `${percent(row.scores[metric] ?? Number.NaN)}${range}`;
}

function outcome({ rows, exported, data, backbone, classifier }: ReportInput): Html | null {
  if (classifier !== null && rows.length === 0)
    return html`The classifier names ${percent(classifier.top_1)} of ${counted(classifier.images, 'held-out image')} right.`;
  const first = rows[0];
  if (first === undefined) return null;
  const last = rows.find(({ name }) => name === exported?.row) ?? (rows.at(-1) as ScoreRow);
  const heldOut = data?.split?.parts.heldOut;
  const queries = first.scores.queries ?? heldOut?.images;
  const unseen = data?.split?.kind === 'closed' ? 'images that training never saw' : 'classes that training never saw';
  const asked = `${queries === undefined ? 'the held-out images' : counted(queries, 'image')}${heldOut === undefined ? '' : ` of ${counted(heldOut.classes, 'class', 'classes')}`}`;
  const named =
    classifier === null
      ? null
      : html` The classifier of phase 1 names <strong>${percent(classifier.top_1)}</strong> of them right.`;
  if (last === first)
    return html`Asked with ${asked} (${unseen}), ${backbone} ${exported === null ? 'as it came' : `(${rowInWords(first.name)})`} finds an image of the same class first for <strong>${withInterval(first, RECALL)}</strong>.${named}`;
  return html`Asked with ${asked} (${unseen}), the model finds an image of the same class first for <strong>${withInterval(last, RECALL)}</strong>; ${backbone} as it came, before training, does for ${withInterval(first, RECALL)}.${named}`;
}

/** The step between two stages as they are, or where there are only whitened rows, those. */
function stepTo(steps: readonly Step[], stage: string, fitted: boolean): Step | undefined {
  const name = fitted ? `${stage}-whitened` : stage;
  return steps.find(({ from, to }) => to === name && from.endsWith('-whitened') === fitted);
}

function phases({ steps, rows }: ReportInput): Html | null {
  const stages = ['classification', 'triplet'].filter((stage) => rows.some(({ name }) => name === stage));
  const told = stages.map((stage) => {
    const plain = stepTo(steps, stage, false);
    const fitted = stepTo(steps, stage, true);
    const parts = [
      plain && `${change(plain)} by the features as they are`,
      fitted && `${change(fitted)} with the head fitted in closed form`,
    ].filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : `${rowInWords(stage)} brought ${parts.join(' and ')}`;
  });
  const known = told.filter((one) => one !== undefined);
  if (known.length === 0) return null;
  return html`In points of Recall@1, each query against itself: ${known.join('; ')}.`;
}

function change({ difference }: Step): string {
  const recall = difference[RECALL];
  if (recall === undefined) return 'an unknown change';
  const range = `${signedPoints(recall.value)} [${signedPoints(recall.low)}, ${signedPoints(recall.high)}]`;
  return recall.verdict === 'no clear difference' ? `${range}, no clear difference,` : range;
}

function choice({ exported, rows, plans }: ReportInput): Html | null {
  if (exported === null) return null;
  const row = rows.find(({ name }) => name === exported.row);
  const proofs = plans.map(({ proof }) => proof).filter((proof) => proof !== null && proof.frozen > 0);
  const frozen =
    proofs.length === 0
      ? ''
      : proofs.every((proof) => proof?.unchanged)
        ? '; what was frozen is proved unchanged, byte by byte'
        : '; BUT FROZEN VARIABLES MOVED';
  return html`Exported is <strong>${rowInWords(exported.row)}</strong>${row === undefined ? '' : `, ${row.dimensions} numbers an image`}, because it had ${exported.because}${frozen}.`;
}

function warningsOf({ finished, steps, exported, data, rows, epochs }: ReportInput): string[] {
  const warnings: string[] = [];
  if (!finished)
    warnings.push(
      `This run has not come to its end: ${epochs.length === 0 ? 'no epoch is logged yet' : `${counted(epochs.length, 'epoch is', 'epochs are')} logged`}. What there is so far is shown.`,
    );
  for (const { to, difference } of steps) {
    if (to !== 'classification' && to !== 'triplet') continue;
    const worse = [RECALL, 'map_at_r'].filter((metric) => difference[metric]?.verdict === 'worse');
    if (worse.length > 0)
      warnings.push(
        `The ${to} phase made retrieval of the held-out images worse by its own features (see the table of changes); ${exported?.row === to ? 'validation chose it nonetheless' : 'another row is exported'}.`,
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
    const { skipped, sharedAcrossClasses, singleImageClasses, split } = data;
    const problems = [
      skipped.length > 0 &&
        `${counted(skipped.length, 'file')} could not be read and ${skipped.length === 1 ? 'was' : 'were'} left out`,
      sharedAcrossClasses.length > 0 &&
        `${counted(sharedAcrossClasses.length, 'picture lies', 'pictures lie')} in more than one class`,
      singleImageClasses.length > 0 && `${counted(singleImageClasses.length, 'class has', 'classes have')} a single image`,
      split !== null &&
        (split.parts.validation?.images ?? 0) === 0 &&
        'there was no validation part, so nothing was chosen by it',
    ].filter((problem) => problem !== false);
    if (problems.length > 0) warnings.push(`Of the images: ${problems.join('; ')}. See "The images".`);
  }
  return warnings;
}
