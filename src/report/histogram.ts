import { type Html, html } from '../page/shell.js';
import { axis, chart, Plot } from './chart.js';
import type { DistanceHistogram, Epoch } from './input.js';
import { figureOf, keys } from './section.js';

/** Shares of the values in bins of equal width between 0 and 2. */
export function histogramOf(values: Float64Array, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value / 2) * bins)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((count) => count / Math.max(1, values.length));
}

export interface Bars {
  readonly text: string;
  readonly colour: string;
  /** One share for each bin. */
  readonly shares: readonly number[];
}

/** Histograms over the same bins, laid over each other, with an upright line where one is wanted. */
export function overlaid(
  label: string,
  edges: readonly number[],
  series: readonly Bars[],
  options: { width?: number; height?: number; line?: number } = {},
): Html {
  const bars = series.map(({ shares, colour, text }) => {
    const bins = shares.map((share, bin) => ({ share, from: edges[bin] as number, to: edges[bin + 1] as number }));
    return [
      Plot.rectY(bins, {
        x1: 'from',
        x2: 'to',
        y: 'share',
        fill: colour,
        fillOpacity: 0.32,
        insetLeft: 0,
        insetRight: 0,
        title: (bin: (typeof bins)[number]) =>
          `${text}, ${bin.from.toFixed(2)} to ${bin.to.toFixed(2)}: ${(bin.share * 100).toFixed(1)} %`,
      }),
      Plot.line(outline(bins), {
        x: (point: [number, number]) => point[0],
        y: (point: [number, number]) => point[1],
        stroke: colour,
        strokeWidth: 1.5,
      }),
    ];
  });
  return chart(label, {
    ...(options.width === undefined ? {} : { width: options.width }),
    height: options.height ?? 190,
    marginLeft: 14,
    x: { label: null, ticks: 5, domain: [edges[0] as number, edges.at(-1) as number], ...axis },
    y: { axis: null },
    marks: [
      Plot.ruleY([0], { stroke: 'var(--line)' }),
      ...bars.flat(),
      options.line === undefined
        ? null
        : Plot.ruleX([options.line], { stroke: 'var(--ink)', strokeWidth: 1.25, strokeDasharray: '4 3' }),
    ],
  });
}

function outline(bins: readonly { from: number; to: number; share: number }[]): [number, number][] {
  return bins.flatMap(({ from, to, share }): [number, number][] => [
    [from, share],
    [to, share],
  ]);
}

/** The distances in the batches of the first and the last epoch that logged them. */
export function histogramOfEpoch(epochs: readonly Epoch[]): Html | null {
  const logged = epochs.flatMap(({ epoch, distances }) => (distances === null ? [] : [{ epoch, distances }]));
  const last = logged.at(-1);
  if (last === undefined) return null;
  const { distances, epoch } = last;
  const colours: [string, string][] = [
    ['same class', 'var(--series-3)'],
    ['two classes', 'var(--series-1)'],
  ];
  const plot = overlaid(`Distances in the batches of epoch ${epoch}`, distances.edges, [
    { text: 'same class', colour: 'var(--series-3)', shares: sharesOf(distances, 'positive') },
    { text: 'two classes', colour: 'var(--series-1)', shares: sharesOf(distances, 'negative') },
  ]);
  return figureOf(`Distances in batches, epoch ${epoch}`, '', html`${keys(colours)}${plot}`);
}

function sharesOf(histogram: DistanceHistogram, side: 'positive' | 'negative'): number[] {
  const sum = histogram[side].reduce((total, count) => total + count, 0) || 1;
  return histogram[side].map((count) => count / sum);
}
