import { metricTitle } from '../evaluate/metrics.js';
import { type Html, html } from '../page/shell.js';
import { axis, chart, Plot } from './chart.js';
import type { ReportInput, ScoreRow, Step } from './input.js';
import { figureOf, keys, type Section, section, table } from './section.js';
import { colourOf, figure, isFitted, rowInShort, rowInWords, signed } from './words.js';

const DRAWN = ['recall_at_1', 'map_at_r'] as const;
/** What stands in `scores` and is no metric. */
const COUNTS: ReadonlySet<string> = new Set(['queries', 'left_out']);

/** What the run scored: two dot-and-interval plots, the table of all metrics, the table of changes. */
export function scoresSection({ rows, steps, exported, data }: ReportInput): Section | null {
  const first = rows[0];
  if (first === undefined) return null;
  const metrics = Object.keys(first.scores).filter(
    (metric) => !COUNTS.has(metric) && rows.every(({ scores }) => Number.isFinite(scores[metric])),
  );
  const left = first.scores.left_out ?? 0;
  const lead = html`Each held-out image in turn is the query and all others are the gallery, ordered by cosine. Held-out ${data?.split?.kind === 'closed' ? 'images' : 'classes'} chose nothing. Bars are 95\u00a0% intervals (bootstrap over the queries).${left > 0 ? ` ${left} images are the only one of their class and ask nothing.` : ''}`;
  return section(
    'scores',
    'Scores',
    lead,
    html`${keys([
      ['before training', 'var(--neutral)'],
      ['after phase 1', 'var(--series-1)'],
      ['after phase 2', 'var(--series-2)'],
    ])}
<div class="grid two">${DRAWN.filter((metric) => metrics.includes(metric)).map((metric) => dots(rows, metric, exported?.row))}</div>
${table(
  [
    { text: '' },
    ...metrics.map((metric) => ({ text: metricTitle(metric), number: true })),
    { text: 'validation MAP@R', number: true, wraps: true },
    { text: 'numbers', number: true },
  ],
  rows.map((row) => ({
    chosen: row.name === exported?.row,
    cells: [
      html`${rowInShort(row.name)}${row.name === exported?.row ? html`<small><b>exported</b></small>` : null}`,
      ...metrics.map((metric) => withInterval(row, metric)),
      row.validation === null ? '–' : figure(row.validation),
      row.dimensions,
    ],
  })),
)}
<p class="small quiet">Validation figures belong to the epoch and shrinkage that they chose, so they are on the bright side. “whitened”: a linear head fitted in closed form to the features of that stage (learned whitening).</p>
${changes(steps)}`,
  );
}

function withInterval(row: ScoreRow, metric: string): Html {
  const interval = row.intervals[metric];
  return html`${figure(row.scores[metric] as number)}${interval === undefined ? null : html`<small>${figure(interval.low)} – ${figure(interval.high)}</small>`}`;
}

function dots(rows: readonly ScoreRow[], metric: string, exported: string | undefined): Html {
  const points = rows.map((row) => ({
    row: rowInShort(row.name),
    value: row.scores[metric] as number,
    low: row.intervals[metric]?.low ?? (row.scores[metric] as number),
    high: row.intervals[metric]?.high ?? (row.scores[metric] as number),
    colour: colourOf(row.name),
    fitted: isFitted(row.name),
    exported: row.name === exported,
  }));
  const edge = Math.max(0.02, 0.06 * (Math.max(...points.map(({ high }) => high)) - Math.min(...points.map(({ low }) => low))));
  const domain = [
    Math.max(0, Math.min(...points.map(({ low }) => low)) - edge),
    Math.min(1, Math.max(...points.map(({ high }) => high)) + edge),
  ];
  const plot = chart(
    `${metricTitle(metric)} of each row with its 95 % interval: ${points.map(({ row, value }) => `${row} ${figure(value)}`).join(', ')}`,
    {
      width: 420,
      height: 34 * points.length + 40,
      marginLeft: 124,
      x: { domain, label: null, grid: true, ticks: 4, ...axis },
      y: { domain: points.map(({ row }) => row), label: null, ...axis },
      marks: [
        Plot.ruleY(points, { y: 'row', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 2, strokeLinecap: 'round' }),
        Plot.dot(points, {
          y: 'row',
          x: 'value',
          r: 5,
          stroke: 'colour',
          strokeWidth: 2,
          fill: (point: (typeof points)[number]) => (point.fitted ? 'var(--paper)' : point.colour),
          title: (point: (typeof points)[number]) =>
            `${point.row}: ${figure(point.value)} [${figure(point.low)}, ${figure(point.high)}]`,
        }),
        ...[false, true].map((bold) =>
          Plot.text(
            points.filter((point) => point.exported === bold),
            {
              y: 'row',
              x: 'value',
              text: (point: (typeof points)[number]) => figure(point.value),
              dy: -12,
              fill: 'var(--ink)',
              fontWeight: bold ? 700 : 400,
            },
          ),
        ),
      ],
    },
  );
  return figureOf(metricTitle(metric), `${EXPLAINED[metric] ?? ''} Open dots: whitened.`, plot);
}

const EXPLAINED: Readonly<Record<string, string>> = {
  recall_at_1: 'share of queries whose first answer is of their class.',
  map_at_r: 'how far the first R answers are right ones, R being as many as there are.',
};

function changes(steps: readonly Step[]): Html | null {
  if (steps.length === 0) return null;
  const of = ({ difference }: Step, metric: string) => {
    const one = difference[metric];
    return one === undefined ? '–' : html`${signed(one.value)}<small>${signed(one.low)} to ${signed(one.high)}</small>`;
  };
  return html`<h3>What brought what</h3>
<p class="small quiet">Differences with each query paired to itself: what makes a query hard for both cancels. A verdict is given where the whole interval lies on one side of 0.</p>
${table(
  [{ text: 'from' }, { text: 'to' }, { text: 'Recall@1', number: true }, { text: 'MAP@R', number: true }, { text: '' }],
  steps.map((step) => ({
    cells: [rowInWords(step.from), rowInWords(step.to), of(step, 'recall_at_1'), of(step, 'map_at_r'), verdict(step)],
  })),
)}`;
}

function verdict({ difference }: Step): Html {
  const found = new Set(['recall_at_1', 'map_at_r'].map((metric) => difference[metric]?.verdict));
  if (found.has('worse'))
    return found.has('better') ? html`<span class="bad">mixed</span>` : html`<span class="bad">▼ worse</span>`;
  return found.has('better') ? html`<span class="good">▲ better</span>` : html`<span class="quiet">no clear difference</span>`;
}
