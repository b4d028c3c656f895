import { type Roc, rocOf, valAtFar } from '../evaluate/roc.js';
import { type Calibration, calibrate } from '../evaluate/threshold.js';
import { type Html, html } from '../page/shell.js';
import { axis, chart, Plot } from './chart.js';
import { histogramOf, overlaid } from './histogram.js';
import type { Pairs } from './pairs.js';
import { figureOf, keys, type Section, section, table } from './section.js';
import { colourOf, figure, percent, rowInWords, whole } from './words.js';

/** False accepts that the threshold is set for. */
const FAR = 0.01;
const BINS = 60;
const RESAMPLES = 200;

/** The pairs of one row, scored. */
export interface ScoredRow {
  readonly row: string;
  readonly pairs: Pairs;
}

/** "The same or not": distances of pairs with the threshold, and the ROC. Null where there is only one kind of pair. */
export function verificationSection(rows: readonly ScoredRow[], seed: number): Section | null {
  const first = rows[0];
  if (first === undefined || first.pairs.all.same === 0 || first.pairs.all.different === 0) return null;
  const curves = rows.map(({ row, pairs }) => ({ row, roc: rocOf(pairs.scores, pairs.same) }));
  const { pairs } = first;
  const found = calibrate(pairs.scores, pairs.same, FAR, { seed, resamples: RESAMPLES, classes: pairs.classes });
  const threshold = distance(found.threshold);
  return section(
    'verification',
    'The same, or not the same',
    html`Held-out images two by two, by the distance of their embeddings: 0 is the same direction, 1.41 a right angle, 2 the opposite. ${pairsInWords(pairs)}`,
    html`<div class="grid two">
${rows.map(({ row, pairs: own }) => distances(row, own, row === first.row ? threshold : undefined))}
${figureOf(
  'ROC',
  'share of same pairs that are accepted, over the false accepts (logarithmic). Higher is better.',
  html`${keys(
    curves.map(({ row }) => [rowInWords(row), colourOf(row)]),
    'line',
  )}${roc(curves, found)}`,
)}
<div><p>${sentence(found, threshold)}</p>${rates(curves)}</div>
</div>`,
  );
}

function pairsInWords({ all, drawn, same }: Pairs): string {
  const ofOne = same.reduce((sum, one) => sum + one, 0);
  const words = (held: number, of: number, isDrawn: boolean) =>
    isDrawn ? `${whole(held)} drawn of ${whole(of)} pairs` : `all ${whole(of)} pairs`;
  return `Here: ${words(ofOne, all.same, drawn.same)} of one class, and ${words(same.length - ofOne, all.different, drawn.different)} of two.`;
}

/** Distance of two unit vectors whose cosine is known. */
export function distance(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * cosine));
}

function sentence({ threshold, far, tar, interval, resolved }: Calibration, at: number): string {
  if (!Number.isFinite(threshold) || !resolved)
    return `There are too few pairs of two classes to set a threshold for ${percent(FAR)} false accepts.`;
  return `At a distance of ${at.toFixed(3)} (cosine ${figure(threshold)}; dashed) ${percent(far)} of the pairs of two classes pass for the same, and ${percent(tar)} of the pairs of one class are found (95\u00a0% interval, classes drawn anew: ${percent(interval.tar.low)} to ${percent(interval.tar.high)}). The threshold was set on these very pairs, so on other images expect a little less.`;
}

function distances(row: string, { scores, same }: Pairs, line: number | undefined): Html {
  const of = (kind: number) =>
    Float64Array.from(
      scores.filter((_, pair) => same[pair] === kind),
      distance,
    );
  const edges = Array.from({ length: BINS + 1 }, (_, bin) => (2 * bin) / BINS);
  const series = [
    { text: 'same class', colour: 'var(--series-3)', shares: histogramOf(of(1), BINS) },
    { text: 'two classes', colour: 'var(--series-1)', shares: histogramOf(of(0), BINS) },
  ];
  const plot = overlaid(`Distances of pairs by ${rowInWords(row)}`, edges, series, {
    width: 420,
    height: 200,
    ...(line === undefined || !Number.isFinite(line) ? {} : { line }),
  });
  return figureOf(
    `Distances, ${rowInWords(row)}`,
    line === undefined ? 'each side by itself.' : `each side by itself; dashed: the threshold for ${percent(FAR)} false accepts.`,
    html`${keys(series.map(({ text, colour }) => [text, colour]))}${plot}`,
  );
}

interface Curve {
  readonly row: string;
  readonly roc: Roc;
}

function roc(curves: readonly Curve[], chosen: Calibration): Html {
  const least = Math.max(1e-5, Math.min(...curves.map(({ roc: { pairs } }) => 1 / pairs.different)));
  const floor = 10 ** Math.ceil(Math.log10(least));
  return chart(`ROC: ${curves.map(({ row, roc: { auc } }) => `${rowInWords(row)} area ${figure(auc)}`).join(', ')}`, {
    width: 420,
    height: 230,
    x: {
      type: 'log',
      domain: [floor, 1],
      label: null,
      ticks: 4,
      tickFormat: (value: number) => `${value * 100}\u00a0%`,
      ...axis,
    },
    y: {
      domain: [0, 1],
      grid: true,
      label: null,
      ticks: 5,
      tickFormat: (value: number) => `${Math.round(value * 100)} %`,
      ...axis,
    },
    marks: [
      ...curves.map(({ row, roc: one }) =>
        Plot.line(thinned(one, floor), { x: 'far', y: 'val', stroke: colourOf(row), strokeWidth: 1.75 }),
      ),
      chosen.far >= floor
        ? Plot.dot([chosen], { x: 'far', y: 'tar', r: 4.5, stroke: 'var(--ink)', strokeWidth: 1.5, title: () => 'the threshold' })
        : null,
    ],
  });
}

/** About 200 points of the curve, evenly over the logarithm of the false accepts: no eye sees more. */
function thinned(one: Roc, floor: number): { far: number; val: number }[] {
  const steps = 200;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const far = i === steps ? 1 : floor ** (1 - i / steps);
    return { far, val: valAtFar(one, far).val };
  });
}

/** One column for each row of the run, so that it fits on a phone. */
function rates(curves: readonly Curve[]): Html {
  const found = (far: number) =>
    curves.map(({ roc: one }) => {
      const { val, resolved } = valAtFar(one, far);
      return resolved ? percent(val) : 'too few pairs';
    });
  return table(
    [{ text: '' }, ...curves.map(({ row }) => ({ text: rowInWords(row), number: true, wraps: true }))],
    [
      { cells: ['area below the ROC', ...curves.map(({ roc: one }) => figure(one.auc))] },
      { cells: ['equal error rate', ...curves.map(({ roc: one }) => percent(one.eer.rate))] },
      ...[0.1, 0.01, 0.001].map((far) => ({ cells: [`found at ${far * 100} % false accepts`, ...found(far)] })),
    ],
  );
}
