/** `ft evaluate`: scores of a finished run's model, computed anew. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Metric } from '../evaluate/metrics.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { terminalProgress } from './progress.js';
import { textTable } from './table.js';

const METRICS: readonly (readonly [title: string, metric: Metric])[] = [
  ['Recall@1', 'recall_at_1'],
  ['Recall@5', 'recall_at_5'],
  ['Recall@10', 'recall_at_10'],
  ['MAP@R', 'map_at_r'],
  ['R-precision', 'r_precision'],
];

export function evaluateVerb(io: Io = processIo()): Command {
  const command = new Command('evaluate')
    .description(
      "Score a finished run's model on its held-out classes, or on all classes of another folder: every image in turn is the query, all others are the gallery.",
    )
    .argument('<run>', 'a run folder, e.g. runs/latest')
    .option('--data <folder>', 'other photos, one folder a class, instead of the held-out classes of the run')
    .option('--json', 'for tools')
    .action(async (argument: string, options: { data?: string; json?: true }) => {
      const progress = terminalProgress(io.stderr);
      const [{ openFinishedRun }, { evaluateRun }] = await Promise.all([
        import('../run/finished.js'),
        import('../run/evaluate.js'),
      ]);
      const run = await openFinishedRun(argument, io.folder, progress);
      const result = await evaluateRun(run, options.data === undefined ? undefined : resolve(io.folder, options.data), progress);
      if (options.json) {
        io.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
        return;
      }
      const number = (value: number) => value.toFixed(3);
      io.stdout.write(
        `${result.classes} classes, ${result.images} images, ${result.dimensions}-D embeddings${result.scores.left_out > 0 ? `; ${result.scores.left_out} images are the only one of their class and ask nothing` : ''}\n\n`,
      );
      io.stdout.write(
        `${textTable(
          [{ title: '' }, { title: 'score', align: 'right' }, { title: '95 % interval', align: 'right' }],
          METRICS.map(([title, metric]) => [
            title,
            number(result.scores[metric]),
            `${number(result.intervals[metric].low)} – ${number(result.intervals[metric].high)}`,
          ]),
        )}\n`,
      );
    });
  return withExamples(command, [
    ['ft evaluate runs/latest', 'the held-out classes of the last run'],
    ['ft evaluate runs/latest --data other-photos', 'every class of another folder'],
    ['ft evaluate runs/latest --json', 'for tools'],
  ]);
}
