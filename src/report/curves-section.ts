import { metricTitle } from '../evaluate/metrics.js';
import { type Html, html } from '../page/shell.js';
import { axis, chart, Plot } from './chart.js';
import { histogramOfEpoch } from './histogram.js';
import type { Epoch } from './input.js';
import { figureOf, keys, type Section, section } from './section.js';
import { figure, rowInWords } from './words.js';

interface Line {
  readonly text: string;
  readonly colour: string;
  readonly of: (epoch: Epoch) => number | undefined;
}

const STAGE_COLOURS = [
  'var(--series-3)',
  'var(--series-5)',
  'var(--series-1)',
  'var(--series-4)',
  'var(--series-6)',
  'var(--series-2)',
  'var(--neutral)',
];

/** How each phase went, epoch by epoch: small figures of the same size, each with one thing in it. */
export function curvesSection(epochs: readonly Epoch[]): Section | null {
  const phases = [...new Set(epochs.map(({ phase }) => phase))];
  if (phases.length === 0) return null;
  return section(
    'curves',
    'Training',
    'Means of each epoch. The ring marks the epoch whose weights were kept: the one with the best validation figure.',
    phases.map((phase) => {
      const own = epochs.filter((epoch) => epoch.phase === phase);
      return html`<h3 class="phase">${rowInWords(phase)}</h3><div class="grid">${figuresOf(own)}</div>`;
    }),
  );
}

function figuresOf(epochs: readonly Epoch[]): (Html | null)[] {
  const of = (name: string) => (epoch: Epoch) => epoch.figures[name];
  const measure = metricTitle(epochs[0]?.measure ?? 'map_at_r');
  const stages = [...new Set(epochs.flatMap((epoch) => Object.keys(epoch.stages)))];
  const byStage = (name: string): Line[] =>
    stages.map((stage, at) => ({
      text: stage,
      colour: STAGE_COLOURS[at % STAGE_COLOURS.length] as string,
      of: (epoch) => epoch.stages[stage]?.[name],
    }));
  const one = (text: string, name: string, colour = 'var(--series-2)'): Line => ({ text, colour, of: of(name) });
  return [
    lines('Loss', '', epochs, [one('loss', 'loss')]),
    lines('Accuracy on training batches', '', epochs, [one('accuracy', 'accuracy')]),
    lines('Validation and held-out', 'the first chooses; the second is only looked at.', epochs, [
      one(`validation ${measure}`, 'validation'),
      one('held-out Recall@1', 'held_out_recall_at_1', 'var(--series-1)'),
      one('held-out accuracy', 'held_out_accuracy', 'var(--series-4)'),
    ]),
    lines('Mean distance', 'of the pairs in kept triplets.', epochs, [
      one('same class', 'positive', 'var(--series-3)'),
      one('two classes', 'negative', 'var(--series-1)'),
    ]),
    lines('Triplets a step', '', epochs, [
      one('kept by the miner', 'kept'),
      one('with a loss above 0', 'active', 'var(--series-1)'),
    ]),
    lines('Learning rate', 'at the end of the epoch.', epochs, [one('rate', 'rate', 'var(--neutral)')]),
    lines('Gradient norm by stage', 'logarithmic.', epochs, byStage('gradient_norm'), true),
    lines(
      'Update to weight by stage',
      'how far a step moves the weights, logarithmic; near 0.001 is usual.',
      epochs,
      byStage('update_ratio'),
      true,
    ),
    lines('Effective rank', 'how many directions the embeddings use; near 1 is a collapse.', epochs, [
      one('effective rank', 'effective_rank', 'var(--series-6)'),
    ]),
    lines('Images drawn', 'share of the training images seen in the epoch.', epochs, [
      one('coverage', 'coverage', 'var(--series-3)'),
    ]),
    histogramOfEpoch(epochs),
  ];
}

function lines(title: string, note: string, epochs: readonly Epoch[], series: readonly Line[], logarithmic = false): Html | null {
  const drawn = series
    .map((line) => ({ ...line, points: epochs.flatMap((epoch) => pointsOf(line, epoch, logarithmic)) }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return null;
  const best = epochs.findLast((epoch) => epoch.best)?.epoch;
  const last = Math.max(...epochs.map(({ epoch }) => epoch));
  const marks = drawn.flatMap(({ points, colour, text }) => [
    Plot.lineY(points, { x: 'epoch', y: 'value', stroke: colour, strokeWidth: 1.75 }),
    Plot.dot(points, {
      x: 'epoch',
      y: 'value',
      r: points.length > 20 ? 1.5 : 2.5,
      fill: colour,
      title: (point: Point) => `${text}, epoch ${point.epoch}: ${short(point.value)}`,
    }),
    Plot.dot(
      points.filter(({ epoch }) => epoch === best),
      { x: 'epoch', y: 'value', r: 5.5, stroke: colour, strokeWidth: 1.25 },
    ),
  ]);
  const plot = chart(
    `${title} over the epochs: ${drawn.map(({ text, points }) => `${text} ${short(points[0]?.value as number)} to ${short(points.at(-1)?.value as number)}`).join(', ')}`,
    {
      x: { label: null, ticks: ticksOf(last), domain: last === 1 ? [0.5, 1.5] : [1, last], tickFormat: 'd', ...axis },
      y: {
        label: null,
        grid: true,
        ...(logarithmic ? { type: 'log', ticks: powersOf(drawn.flatMap(({ points }) => points)) } : { ticks: 4, nice: true }),
        tickFormat: tickOf,
        ...axis,
      },
      marginLeft: 48,
      marks,
    },
  );
  return figureOf(
    title,
    note,
    html`${
      drawn.length > 1
        ? keys(
            drawn.map(({ text, colour }) => [text, colour]),
            'line',
          )
        : null
    }${plot}`,
  );
}

interface Point {
  readonly epoch: number;
  readonly value: number;
}

function pointsOf(line: Line, epoch: Epoch, logarithmic: boolean): Point[] {
  const value = line.of(epoch);
  return value === undefined || !Number.isFinite(value) || (logarithmic && value <= 0) ? [] : [{ epoch: epoch.epoch, value }];
}

function ticksOf(last: number): number[] {
  const step = Math.max(1, Math.ceil(last / 8));
  return Array.from({ length: Math.floor((last - 1) / step) + 1 }, (_, i) => 1 + i * step);
}

/** Powers of ten among some values; where there are fewer than two, twice and five times a power as well. */
function powersOf(points: readonly Point[]): number[] {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const from = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - from + 1 }, (_, i) => 10 ** (from + i));
  const within = (ticks: readonly number[]) => ticks.filter((tick) => tick >= low * 0.99 && tick <= high * 1.01);
  return within(powers).length >= 2 ? within(powers) : within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
}

function tickOf(value: number): string {
  return Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(4)));
}

function short(value: number): string {
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) < 0.001 && value !== 0
      ? value.toExponential(2)
      : figure(value);
}
