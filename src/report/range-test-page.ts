import { html, page } from '../page/shell.js';
import { axis, chart, NARROW, Plot } from './chart.js';

/** The range test of a group of layers, as the page shows it. */
export interface DrawnGroup {
  readonly group: string;
  readonly curve: { readonly rates: readonly number[]; readonly losses: readonly number[]; readonly smoothed: readonly number[] };
  readonly suggestion: { readonly steepest: number | null; readonly tenth: number | null };
}

/** The curves of range tests: the loss of each step, its smoothed course, and the rates that they suggest. */
export function rangeTestPage(recipe: string, phase: string, groups: readonly DrawnGroup[]): string {
  const figures = groups.map((one) => {
    const points = one.curve.rates.map((rate, at) => ({
      rate,
      loss: one.curve.losses[at] as number,
      smoothed: one.curve.smoothed[at] as number,
    }));
    const marks = [one.suggestion.steepest, one.suggestion.tenth].filter((rate): rate is number => rate !== null);
    return html`<figure><h2>${one.group}</h2>${chart(`loss over rate, ${one.group}`, {
      width: NARROW,
      x: { type: 'log', label: 'rate', ...axis, ticks: 5 },
      y: { label: 'loss', ...axis, ticks: 4, grid: true, domain: range(points) },
      marks: [
        Plot.ruleX(marks, { stroke: 'var(--accent)', strokeDasharray: '3 3' }),
        Plot.dot(points, { x: 'rate', y: 'loss', r: 1.2, fill: 'var(--neutral)', clip: true }),
        Plot.line(points, { x: 'rate', y: 'smoothed', stroke: 'var(--series-1)', clip: true }),
      ],
    })}<figcaption>falls fastest at ${words(one.suggestion.steepest)}; lowest ÷ 10 is ${words(one.suggestion.tenth)}</figcaption></figure>`;
  });
  return page({
    title: `${recipe}: rates of the ${phase} phase`,
    style: 'figure{margin:0}.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:24px}',
    body: html`<main><h1>Rates of the ${phase} phase</h1>
<p>Recipe ${recipe}. The rate grows from step to step; dots are the losses of the steps, the line is their moving average.
'all' is the base rate of the phase, times each layer's multiplier; a stage's rate is the one it moves at, with the others held still.</p>
<div class="figures">${figures}</div></main>`,
  });
}

function words(rate: number | null): string {
  return rate === null ? 'no rate' : rate.toExponential(1);
}

/** From the lowest smoothed loss to somewhat above where the sweep began: what ran away goes out of the picture. */
function range(points: readonly { smoothed: number }[]): [number, number] {
  const values = points.map(({ smoothed }) => smoothed);
  const low = Math.min(...values);
  const high = Math.max(...values.slice(0, 10)) * 1.25;
  return [Math.max(0, low - (high - low) * 0.1), high];
}
