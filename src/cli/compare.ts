/** `ft compare`: finished runs side by side, on the same images. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { printable } from '../data/printable.js';
import { UserError } from '../errors.js';
import type { Interval } from '../evaluate/bootstrap.js';
import { type Metric, metricTitle } from '../evaluate/metrics.js';
import type { Comparison, ImageDifference, MetricComparison } from '../run/compare.js';
import type { AnswerDifference, ClassifierComparison } from '../run/compare-classifiers.js';
import type { KeyDifference } from '../run/recipe-difference.js';
import { signed } from '../run/summary.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { CLASSIFIER_TITLES, seedDifferenceInWords, spreadInWords } from './series-words.js';
import { textTable } from './table.js';

interface Options {
  row?: string;
  images: number;
  html?: string;
  json?: true;
  runs: string;
}

export function compareVerb(io: Io = processIo()): Command {
  const command = new Command('compare')
    .description(
      'Set finished runs side by side on the same held-out images: each query paired with itself, 95 % intervals, the images on which they differ, and what differs in their recipes. The first is the reference.',
    )
    .argument('<run...>', 'run folders, or series of runs (`ft train --seeds`)')
    .option('--row <name>', 'a row of every run, e.g. triplet, instead of the one that each exported')
    .option('--images <number>', 'how many images of each kind are shown', wholeNumber, 5)
    .option('--runs <folder>', 'where run folders lie', 'runs')
    .option('--html <file>', 'a page of it, with pictures of the images on which they differ')
    .option('--json', 'for tools: everything, and every image')
    .action(async (given: string[], options: Options) => {
      const [reference, ...others] = given as [string, ...string[]];
      if (others.length === 0) {
        throw new UserError({
          what: 'one run alone cannot be compared',
          expected: 'two runs or more',
          mend: `ft compare ${reference} OTHER`,
        });
      }
      const [{ openSide }, { compareSides }] = await Promise.all([
        import('../run/compare-sides.js'),
        import('../run/compare.js'),
      ]);
      const first = await openSide(reference, io.folder, options.runs);
      const compared = [];
      for (const name of others) {
        const side = await openSide(name, io.folder, options.runs);
        const row = options.row === undefined ? {} : { row: options.row };
        compared.push({ name, path: side.path, ...(await compareSides(first, side, { seed: 0, ...row })) });
      }
      if (options.html !== undefined) {
        const { comparePage } = await import('../run/compare-page.js');
        await writeFileAtomic(resolve(io.folder, options.html), await comparePage(reference, compared));
      }
      if (options.json) {
        io.stdout.write(`${JSON.stringify({ reference: { name: reference, path: first.path }, compared }, null, 2)}\n`);
        return;
      }
      for (const [at, { name, ...comparison }] of compared.entries()) {
        io.stdout.write(`${at === 0 ? '' : '\n'}${comparisonInWords(reference, name, comparison, options.images)}`);
      }
      if (options.html !== undefined) io.stdout.write(`\nwith pictures: ${options.html}\n`);
    });
  return withExamples(command, [
    ['ft compare runs/A runs/B', 'is B better than A, and on which images'],
    ['ft compare runs/A runs/B --html differences.html', 'with pictures of those images'],
    ['ft compare runs/A runs/B --row triplet', 'the same row of both'],
    ['ft compare runs/A-seeds runs/B-seeds', 'two series: the spread over seeds counts'],
    ['ft compare runs/A runs/B runs/C --json', 'for tools'],
  ]);
}

function comparisonInWords(reference: string, name: string, comparison: Comparison, images: number): string {
  const { rows, gained, lost } = comparison;
  const answers = comparison.classifier?.answers ?? null;
  const lines = [
    `reference  ${reference} (${rows.reference.join(', ')})`,
    `compared   ${name} (${rows.compared.join(', ')})`,
    `${comparison.images} held-out images of ${comparison.classes} classes, each paired with itself; 95 % intervals${pairingInWords(comparison)}`,
    '',
    scoreTable(comparison),
    '',
    ...(comparison.classifier === null ? [] : [classifierTable(comparison.classifier.figures), '']),
    ...differencesInWords('the recipes differ in', comparison.recipe, 'the recipes are the same'),
    ...differencesInWords('they also differ in', comparison.made),
    '',
    `found (Recall@1) by the compared alone: ${gained.length}; by the reference alone: ${lost.length}`,
  ];
  if (images > 0) {
    if (gained.length > 0) lines.push('', `found by ${name}`, '', imageTable(gained.slice(0, images)));
    if (lost.length > 0) lines.push('', `lost by ${name}`, '', imageTable(lost.slice(0, images)));
    const shown = Math.min(gained.length, images) + Math.min(lost.length, images);
    if (answers !== null) lines.push(...answersInWords(answers, name, images));
    if (shown < gained.length + lost.length) lines.push('', 'all of them: --json, or --images 1000');
  }
  return `${lines.join('\n')}\n`;
}

const interval = ({ value, low, high }: Interval) => `${signed(value)} [${signed(low)}, ${signed(high)}]`;

function pairingInWords({ pairing }: Comparison): string {
  switch (pairing) {
    case 'runs':
      return '';
    case 'seeds':
      return '; seeds paired too';
    case 'different seeds':
      return '; the seeds are not the same';
  }
}

function scoreTable({ metrics }: Comparison): string {
  const found = Object.entries(metrics) as [Metric, MetricComparison][];
  const seeds = found.some(([, { overSeeds }]) => overSeeds !== null);
  const right = (title: string) => ({ title, align: 'right' as const });
  return textTable(
    [
      { title: '' },
      right('reference'),
      right('compared'),
      right('over images'),
      ...(seeds ? [right('over seeds')] : []),
      { title: '' },
    ],
    found.map(([metric, { reference, compared, overImages, overSeeds }]) => [
      metricTitle(metric),
      spreadInWords(reference),
      spreadInWords(compared),
      interval(overImages),
      ...(seeds ? [seedDifferenceInWords(overSeeds ?? undefined)] : []),
      (overSeeds ?? overImages).verdict,
    ]),
  );
}

/** Lower is better of the last three; so no verdict is given, and the reader has the signs. */
function classifierTable(figures: ClassifierComparison['figures']): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const seeds = Object.values(figures).some(({ overSeeds }) => overSeeds !== null);
  return textTable(
    [
      { title: 'classifier' },
      right('reference'),
      right('compared'),
      right('difference'),
      ...(seeds ? [right('over seeds')] : []),
    ],
    Object.entries(figures).map(([name, { reference, compared, overImages, overSeeds }]) => [
      CLASSIFIER_TITLES[name] ?? name,
      spreadInWords(reference),
      spreadInWords(compared),
      overImages === null ? signed(compared.mean - reference.mean) : interval(overImages),
      ...(seeds ? [seedDifferenceInWords(overSeeds ?? undefined)] : []),
    ]),
  );
}

function differencesInWords(title: string, differences: readonly KeyDifference[], none?: string): string[] {
  if (differences.length === 0) return none === undefined ? [] : [none];
  const width = Math.max(...differences.map(({ key }) => key.length));
  return [
    title,
    ...differences.map((one) => `  ${one.key.padEnd(width)}  ${valueInWords(one.reference)} → ${valueInWords(one.compared)}`),
  ];
}

function valueInWords(value: unknown): string {
  if (value === undefined) return '(nothing)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

function answersInWords({ gained, lost }: NonNullable<ClassifierComparison['answers']>, name: string, images: number): string[] {
  const lines = ['', `named right by the compared alone: ${gained.length}; by the reference alone: ${lost.length}`];
  if (gained.length > 0) lines.push('', `named right by ${name}`, '', answerTable(gained.slice(0, images)));
  if (lost.length > 0) lines.push('', `no longer named right by ${name}`, '', answerTable(lost.slice(0, images)));
  return lines;
}

function answerTable(images: readonly AnswerDifference[]): string {
  return textTable(
    [{ title: 'image' }, { title: 'class' }, { title: 'named' }],
    images.map(({ file, class: name, named }) => [
      `  ${printable(file)}`,
      printable(name),
      `${printable(named.reference)} → ${printable(named.compared)}`,
    ]),
  );
}

function imageTable(images: readonly ImageDifference[]): string {
  return textTable(
    [{ title: 'image' }, { title: 'class' }, { title: 'MAP@R', align: 'right' }],
    images.map(({ file, class: name, map_at_r: map }) => [
      `  ${printable(file)}`,
      printable(name),
      `${map.reference.toFixed(3)} → ${map.compared.toFixed(3)}`,
    ]),
  );
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new UserError({
      what: 'this is no number of images',
      where: '--images',
      expected: 'a whole number from 0',
      found: text,
    });
  }
  return Number(text);
}
