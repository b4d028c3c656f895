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
  const steps = { x: (point: Corner) => point[0], y: (point: Corner) => point[1] };
  const areas = series.map(({ shares, colour }) => {
    const outline = shares.flatMap((share, bin): Corner[] => [
      [edges[bin] as number, share],
      [edges[bin + 1] as number, share],
    ]);
    return [
      // Both ends are given: with one alone Plot would stack the areas.
      Plot.areaY(outline, { x: steps.x, y1: 0, y2: steps.y, fill: colour, fillOpacity: 0.3 }),
      Plot.line(outline, { ...steps, stroke: colour, strokeWidth: 1.5 }),
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
      ...areas.flat(),
      options.line === undefined
        ? null
        : Plot.ruleX([options.line], { stroke: 'var(--ink)', strokeWidth: 1.25, strokeDasharray: '4 3' }),
    ],
  });
}

type Corner = readonly [x: number, y: number];

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
