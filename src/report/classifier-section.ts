import { type Html, html, name, shortName } from '../page/shell.js';
import { axis, chart, Plot } from './chart.js';
import type { ClassifierFigures } from './input.js';
import { figureOf, keys, type Section, section, table } from './section.js';
import { counted, figure, percent, whole } from './words.js';

/** A matrix of more classes is not read by anybody: the classes that are confused most stand for all. */
const MATRIX = 24;
const LISTED = 30;

/** The classifier of a closed split: top-1, the classes, which are taken for which, and whether its probabilities hold. */
export function classifierSection(scores: ClassifierFigures): Section {
  const { interval } = scores;
  const facts: [string, string][] = [
    [
      'top-1',
      `${percent(scores.top_1)}${interval === null ? '' : ` (95\u00a0% interval ${percent(interval.low)} to ${percent(interval.high)})`}`,
    ],
    ...(scores.top_5 === null ? [] : [['top-5', percent(scores.top_5)] as [string, string]]),
    ...(scores.macro_f1 === null ? [] : [['macro F1', figure(scores.macro_f1)] as [string, string]]),
    ...(scores.ece === null ? [] : [['calibration error', figure(scores.ece)] as [string, string]]),
    ...(scores.nll === null ? [] : [['log loss', figure(scores.nll)] as [string, string]]),
    ...(scores.brier === null ? [] : [['Brier score', figure(scores.brier)] as [string, string]]),
  ];
  return section(
    'classifier',
    'The classifier',
    `Phase 1's classifier of ${counted(scores.classes.length, 'class', 'classes')} on ${counted(scores.images, 'image')} that it never saw.`,
    html`<dl class="facts">${facts.map(([what, value]) => html`<div><dt>${what}</dt><dd>${value}</dd></div>`)}</dl>
<div class="grid two">${confusionOf(scores)}${reliabilityOf(scores)}</div>
${classesOf(scores)}`,
  );
}

function confusionOf({ confusion, classes }: ClassifierFigures): Html | null {
  if (confusion.length === 0) return null;
  const wrong = confusion.map((row, truth) =>
    row.reduce((sum, count, named) => sum + (truth === named ? 0 : count + (confusion[named]?.[truth] ?? 0)), 0),
  );
  const shown = classes
    .map((_, c) => c)
    .sort((a, b) => (wrong[b] as number) - (wrong[a] as number) || a - b)
    .slice(0, MATRIX)
    .sort((a, b) => a - b);
  const cells = shown.flatMap((truth, y) => {
    const row = confusion[truth] as readonly number[];
    const all = row.reduce((sum, count) => sum + count, 0) || 1;
    return shown.map((named, x) => ({
      x,
      y,
      count: row[named] ?? 0,
      share: (row[named] ?? 0) / all,
      right: truth === named,
      text: `${classes[truth]} named ${classes[named]}: ${row[named] ?? 0} of ${all}`,
    }));
  });
  const part =
    shown.length < classes.length ? ` The ${shown.length} of ${whole(classes.length)} classes with the most mistakes.` : '';
  return figureOf(
    'Confusion',
    `Rows: the truth; columns, by the same numbers: what was named. Shares of the row.${part}`,
    html`${keys([
      ['right', 'var(--series-3)'],
      ['wrong', 'var(--bad)'],
    ])}${chart(`Confusion of ${shown.length} classes`, {
      width: 420,
      height: 420,
      marginLeft: 26,
      marginTop: 22,
      marginBottom: 6,
      x: {
        type: 'band',
        axis: 'top',
        label: null,
        padding: 0.06,
        tickFormat: (at: number) => (shown.length > 14 && at % 2 === 1 ? '' : `${at + 1}`),
        ...axis,
      },
      y: { type: 'band', label: null, padding: 0.06, tickFormat: (at: number) => `${at + 1}`, ...axis },
      marks: [
        Plot.cell(cells, {
          x: 'x',
          y: 'y',
          fill: (cell: (typeof cells)[number]) =>
            cell.count === 0 ? 'var(--neutral)' : cell.right ? 'var(--series-3)' : 'var(--bad)',
          fillOpacity: (cell: (typeof cells)[number]) => (cell.count === 0 ? 0.08 : 0.15 + 0.85 * cell.share),
          rx: 2,
          title: 'text',
        }),
        shown.length > 12
          ? null
          : Plot.text(
              cells.filter(({ count }) => count > 0),
              { x: 'x', y: 'y', text: 'count', fill: 'var(--ink)' },
            ),
      ],
    })}<ol class="legend">${shown.map((c) => html`<li>${shortName(classes[c] as string)}</li>`)}</ol>`,
  );
}

function reliabilityOf({ reliability }: ClassifierFigures): Html | null {
  const bins = reliability.filter(({ images }) => images > 0);
  if (bins.length === 0) return null;
  return figureOf(
    'Calibration',
    'how often it is right, over how sure it is. On the diagonal its probabilities can be taken at their word; the larger a dot, the more images.',
    chart('Calibration of the classifier', {
      width: 420,
      height: 330,
      r: { range: [3, 10] },
      x: { domain: [0, 1], label: null, ticks: 5, tickFormat: (value: number) => `${Math.round(value * 100)} %`, ...axis },
      y: {
        domain: [0, 1],
        label: null,
        ticks: 5,
        grid: true,
        tickFormat: (value: number) => `${Math.round(value * 100)} %`,
        ...axis,
      },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: 'var(--quiet)', strokeDasharray: '3 4' },
        ),
        Plot.line(bins, { x: 'confidence', y: 'accuracy', stroke: 'var(--series-1)', strokeWidth: 1.5 }),
        Plot.dot(bins, {
          x: 'confidence',
          y: 'accuracy',
          fill: 'var(--series-1)',
          r: 'images',
          title: (bin: (typeof bins)[number]) =>
            `${counted(bin.images, 'image')}: sure ${percent(bin.confidence)}, right ${percent(bin.accuracy)}`,
        }),
      ],
    }),
  );
}

function classesOf({ perClass }: ClassifierFigures): Html {
  const worst = [...perClass].sort((a, b) => a.f1 - b.f1 || (a.class < b.class ? -1 : 1)).slice(0, LISTED);
  return html`<h3>${worst.length < perClass.length ? `The ${worst.length} weakest of ${whole(perClass.length)} classes` : 'The classes, weakest first'}</h3>${table(
    [
      { text: 'class' },
      { text: 'precision', number: true },
      { text: 'recall', number: true },
      { text: 'F1', number: true },
      { text: 'images', number: true },
    ],
    worst.map((one) => ({
      cells: [name(one.class), figure(one.precision), figure(one.recall), figure(one.f1), whole(one.images)],
    })),
  )}`;
}
