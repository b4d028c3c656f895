import { relative } from 'node:path';
import type { Metric } from '../evaluate/metrics.js';
import type { SeedDifference, Spread } from '../run/over-seeds.js';
import type { RunResults } from '../run/run-results.js';
import type { SeriesSummary } from '../run/seeds.js';
import { signed } from '../run/summary.js';
import { type Column, textTable } from './table.js';
import { shellWord } from './train-result.js';

const SHOWN: readonly (readonly [title: string, metric: Metric])[] = [
  ['R@1', 'recall_at_1'],
  ['R@5', 'recall_at_5'],
  ['R@10', 'recall_at_10'],
  ['MAP@R', 'map_at_r'],
];
/** The two that say most: how often the first is right, and how well the whole class is found. */
const MAIN = SHOWN.filter(([, metric]) => metric === 'recall_at_1' || metric === 'map_at_r');

/** `.542 ± .007` with a leading nought; without ± for one value. */
export function spreadInWords(found: Spread | undefined): string {
  if (found === undefined) return '–';
  const { mean, standard_deviation: deviation } = found;
  return deviation === null ? mean.toFixed(3) : `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`;
}

/** `+0.021 [+0.011, +0.031]`: the mean over seeds and its 95 % interval. */
export function seedDifferenceInWords(found: SeedDifference | undefined): string {
  return found === undefined ? '–' : `${signed(found.mean)} [${signed(found.low)}, ${signed(found.high)}]`;
}

/** What `ft train --seeds` says at the end. @param results one for each seed, in the order of the summary's seeds */
export function seriesInWords(summary: SeriesSummary, results: readonly RunResults[], path: string, from: string): string {
  const { seeds, rows, exported, classifier, steps } = summary;
  const shownPath = (run: RunResults) => relative(from, run.path);
  const score = (run: RunResults, metric: Metric) => run.rows.get(run.exported)?.[metric]?.toFixed(3) ?? '–';
  return [
    `Over ${seeds.length} seeds (${seeds.join(', ')}): mean ± standard deviation on the held-out images`,
    '',
    textTable(
      [{ title: '' }, right('dim'), ...SHOWN.map(([title]) => right(title)), right('validation')],
      [
        ...rows.map(({ name, dimensions, scores, validation }) => [
          `  ${name}`,
          String(dimensions),
          ...SHOWN.map(([, metric]) => spreadInWords(scores[metric])),
          spreadInWords(validation ?? undefined),
        ]),
        undefined,
        ['▸ exported', '', ...SHOWN.map(([, metric]) => spreadInWords(exported.scores[metric])), ''],
      ],
    ),
    '',
    ...(classifier === null ? [] : [`classifier: ${classifierInWords(classifier)}`, '']),
    'Each seed, and the row that validation chose in it',
    '',
    textTable(
      [right('seed'), { title: 'exported' }, ...MAIN.map(([title]) => right(title)), { title: 'run' }],
      results.map((run, at) => [
        String(seeds[at]),
        run.exported,
        ...MAIN.map(([, metric]) => score(run, metric)),
        shownPath(run),
      ]),
    ),
    '',
    ...(steps.length === 0
      ? []
      : ['What brought what, paired within each seed: mean, 95 % interval over seeds', '', stepsTable(summary), '']),
    `series  ${path}/series.json`,
    '',
    'next',
    `  ft evaluate ${shellWord(shownPath(results[0] as RunResults))}`,
    `  ft compare ${shellWord(path)} OTHER-SERIES`,
    '',
  ].join('\n');
}

/** The classifier's figures as people call them. */
export const CLASSIFIER_TITLES: Readonly<Record<string, string>> = {
  top_1: 'top-1',
  top_5: 'top-5',
  macro_f1: 'macro F1',
  ece: 'calibration error',
  nll: 'log loss',
  brier: 'Brier score',
};

function classifierInWords(figures: Readonly<Record<string, Spread>>): string {
  return Object.entries(figures)
    .map(([name, found]) => `${CLASSIFIER_TITLES[name] ?? name} ${spreadInWords(found)}`)
    .join(', ');
}

function stepsTable({ steps, seeds }: SeriesSummary): string {
  const better = (found: SeedDifference | undefined) =>
    found?.values === null || found === undefined ? '' : `${found.values.filter((value) => value > 0).length} of ${seeds.length}`;
  return textTable(
    [{ title: '' }, ...MAIN.flatMap(([title]) => [right(title), right('better in')])],
    steps.map(({ step, difference }) => [
      step.replace(/^(.*) − (.*)$/, '$2 → $1'),
      ...MAIN.flatMap(([, metric]) => [seedDifferenceInWords(difference[metric]), better(difference[metric])]),
    ]),
  );
}

function right(title: string): Column {
  return { title, align: 'right' };
}
