import type { Difference, Interval } from '../evaluate/bootstrap.js';
import { loweredInWords } from '../evaluate/lowered.js';
import type { Metric } from '../evaluate/metrics.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import type { ClassifierScores } from '../train/classifier.js';
import type { PhaseName } from '../transfer/plan.js';
import type { StoredRow } from './journal.js';
import type { Manifest } from './manifest.js';
import type { RunResult } from './train.js';

/** A table as the terminal draws it: words left in the first column, the rest right. */
export interface SummaryTable {
  readonly titles: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

type Step = RunResult['steps'][number];

/** What the terminal shows; `scores.json` holds the other figures too. */
const COLUMNS: readonly (readonly [title: string, metric: Metric])[] = [
  ['R@1', 'recall_at_1'],
  ['R@5', 'recall_at_5'],
  ['R@10', 'recall_at_10'],
  ['MAP@R', 'map_at_r'],
];

const plain = (value: number) => value.toFixed(3);
/** A figure with its sign, as differences are shown. */
export const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
const withInterval = ({ value, low, high }: Interval, number: (value: number) => string) =>
  `${number(value)} [${number(low)}, ${number(high)}]`;

/** One line a row: the scores on the held-out classes, Recall@1 and MAP@R with their 95 % intervals. */
export function scoreTable(rows: readonly StoredRow[], exported: string): SummaryTable {
  const cell = ({ intervals }: StoredRow, metric: Metric) =>
    metric === 'recall_at_1' || metric === 'map_at_r' ? withInterval(intervals[metric], plain) : plain(intervals[metric].value);
  return {
    titles: ['', 'dim', ...COLUMNS.map(([title]) => title), 'validation'],
    lines: rows.map((row) => [
      `${row.name === exported ? '▸ ' : '  '}${row.name}`,
      String(row.dimensions),
      ...COLUMNS.map(([, metric]) => cell(row, metric)),
      row.validation === null ? '–' : plain(row.validation),
    ]),
  };
}

/** What each phase and each closed-form fit brought, paired by query: which part of the gain came from where. */
export function changesTable(steps: readonly Step[]): SummaryTable {
  return {
    titles: ['', 'R@1', 'MAP@R', ''],
    lines: steps.map(({ from, to, difference: { recall_at_1: recall, map_at_r: map } }) => [
      `${from} → ${to}`,
      withInterval(recall, signed),
      withInterval(map, signed),
      verdictOf(recall, map),
    ]),
  };
}

function verdictOf(recall: Difference, map: Difference): string {
  const verdicts = new Set([recall.verdict, map.verdict]);
  if (verdicts.has('worse')) return verdicts.has('better') ? 'better in one, worse in the other' : 'WORSE';
  return verdicts.has('better') ? 'better' : 'no clear difference';
}

/** How the classifier did on the held-out images, and which classes it takes for which. */
export function classifierInWords(scores: ClassifierScores): string[] {
  const { top_1: top1 } = scores.intervals;
  const others = [
    ...(scores.top_5 === null ? [] : [`top-5 ${plain(scores.top_5)}`]),
    `macro F1 ${plain(scores.macro_f1)}`,
    `calibration error ${plain(scores.ece)}`,
  ];
  const lines = [
    `Classifier of ${scores.classes.length} classes on ${scores.images} held-out images${scores.left_out > 0 ? ` (${scores.left_out} more are of classes that do not train)` : ''}, 95 % interval`,
    '',
    `  top-1 ${withInterval(top1, plain)}, ${others.join(', ')}`,
  ];
  const mixedUp = scores.confusion
    .flatMap((row, truth) => row.map((images, named) => ({ images, truth, named })))
    .filter(({ images, truth, named }) => images > 0 && truth !== named)
    .sort((a, b) => b.images - a.images)
    .slice(0, 5)
    .map(({ images, truth, named }) => `${scores.classes[truth]} as ${scores.classes[named]} ${images}×`);
  if (mixedUp.length > 0) lines.push(`  mixed up most: ${mixedUp.join(', ')}`);
  return lines;
}

/** One sentence for each phase that made it worse, and where there is one, what was done about it. */
export function warningsInWords(steps: readonly Step[], exported: string): string[] {
  return steps.flatMap(({ to, difference }) => {
    const lowered = to === 'classification' || to === 'triplet' ? loweredInWords(difference) : null;
    if (lowered === null) return [];
    const done = exported === to ? 'validation chose it nonetheless' : `'${exported}' is exported`;
    return [`On the held-out classes the ${to} phase ${lowered}; ${done}.`];
  });
}

/** What was frozen in each phase, and that it did not move. */
export function frozenInWords(manifest: Manifest, recipe: Recipe): string[] {
  return (Object.entries(manifest.frozen) as [PhaseName, NonNullable<Manifest['frozen'][PhaseName]>][]).map(([phase, proof]) => {
    const totals = manifest.plan[phase];
    const millions = (count: number) => (count / 1e6).toFixed(2);
    const share =
      totals === undefined ? '' : ` (${millions(totals.frozen)} of ${millions(totals.parameters)} million parameters)`;
    const frozen =
      proof.frozen === 0 ? 'nothing' : `${freezeInWords(recipe[phase] as PhaseRates)}, ${proof.frozen} variables${share}`;
    const verdict = (unchanged: boolean) => (unchanged ? 'proved unchanged, byte by byte' : 'THEY MOVED');
    const { segments } = proof;
    if (segments !== undefined) {
      const parts = segments.map(
        ({ from, to, frozen }) => `${frozen} variables in epoch${from === to ? ` ${from}` : `s ${from}–${to}`}`,
      );
      return `frozen in the ${phase} phase, which thawed: ${parts.join(', ')}: ${verdict(segments.every(({ unchanged }) => unchanged))}`;
    }
    return `frozen in the ${phase} phase: ${frozen}${proof.frozen === 0 ? '' : `: ${verdict(proof.unchanged)}`}`;
  });
}

function freezeInWords({ freeze }: PhaseRates): string {
  if ('only' in freeze) return freeze.only.join(', ');
  return freeze.until === 'none' ? 'statistics alone' : freeze.until === 'all' ? 'the whole backbone' : `up to ${freeze.until}`;
}
