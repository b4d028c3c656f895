/** `ft data split`: writes a split as a table that `--data` takes again. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { describeDataset } from '../data/describe.js';
import { describeSplit } from '../data/duplicates.js';
import { counted, printable } from '../data/printable.js';
import type { Part, Split } from '../data/split.js';
import { loadRecipe } from '../recipe/load.js';
import { withExamples } from './examples.js';
import type { Io } from './io.js';
import { setOption } from './set-option.js';
import { share } from './share.js';
import { textTable } from './table.js';

interface Options {
  by: 'class' | 'image' | 'group';
  share?: number;
  folds?: number;
  validation?: number;
  seed?: number;
  set: string[];
  out: string;
}

export function addDataSplit(command: Command, io: Io): void {
  const split = command
    .command('split')
    .description('Split images once and keep it: a table of files with the part of each, which training takes with --data.')
    .argument('<folder>', 'images in class folders, or a table of them')
    .addOption(
      new Option('--by <what>', 'what stays whole: a class (retrieval), an image (classification), a group of the table')
        .choices(['class', 'image', 'group'])
        .default('class'),
    )
    .option('--share <share>', 'how much is held out; of the classes every other where it is not given, else 0.2', share)
    .option('--folds <k>', 'k folds in place of a held-out share', whole)
    .option('--validation <share>', 'of the rest, kept for choosing', share)
    .option('--seed <seed>', 'another seed, another split', whole)
    .requiredOption('--out <file>', 'the table to write, e.g. splits.csv')
    .addOption(setOption())
    .action((folder: string, options: Options) => writeSplit(folder, options, io));
  withExamples(split, [
    ['ft data split my-photos --by class --share .2 --out splits.csv', 'a fifth of the classes is never trained on'],
    ['ft data split my-photos --by image --validation .1 --out splits.csv', 'the same share of every class'],
    ['ft data split photos.csv --by group --folds 5 --out folds.csv', 'five folds; no group in two of them'],
    ['ft train folder --data splits.csv --set data.split=manifest', 'trains by it'],
  ]);
}

async function writeSplit(folder: string, options: Options, io: Io): Promise<void> {
  const { by, out, folds } = options;
  const sets = [
    ...options.set,
    `data.split=${by}`,
    ...(options.share === undefined ? [] : ['data.heldOut=share', `data.share=${options.share}`]),
    ...(options.validation === undefined ? [] : [`data.validation=${options.validation}`]),
    ...(options.seed === undefined ? [] : [`seed=${options.seed}`]),
  ];
  const { recipe } = loadRecipe('folder', { sets, data: resolve(io.folder, folder), folder: io.folder });
  const { splitData } = await import('../run/split-data.js');
  const { progress } = io;
  const { dataset, splits } = await splitData(recipe, folds ?? null, resolve(io.folder, out), progress);
  for (const line of describeDataset(dataset)) progress.line(line);
  const first = splits[0] as Split;
  for (const line of describeSplit(dataset, first)) progress.line(line);
  io.stdout.write(`${tableText(splits, folds !== undefined)}\n\n${printable(out)} written. Train by it:\n`);
  const fold = folds === undefined ? '' : ` --set 'data.fold={of: ${folds}, take: 0}'`;
  // Where nothing was kept for choosing, training would draw some from its part.
  const validation = folds === undefined && first.validation.samples.length === 0 ? ' --set data.validation=0' : '';
  io.stdout.write(`  ft train folder --data ${quoted(out)} --set data.split=manifest${fold}${validation}\n`);
}

function tableText(splits: readonly Split[], isFolds: boolean): string {
  const row = (name: string, { classes, samples }: Part) => [name, String(classes.length), String(samples.length)];
  const first = splits[0] as Split;
  const rows = isFolds
    ? splits.map(({ heldOut }, fold) => row(`fold ${fold}`, heldOut))
    : [row('train', first.train), row('validation', first.validation), row('test', first.heldOut)];
  const kind =
    first.kind === 'open'
      ? 'held out: classes never trained on'
      : `held out: other images of ${counted(first.train.classes.length, 'class')} that train`;
  return `${textTable([{ title: 'part' }, { title: 'classes', align: 'right' }, { title: 'images', align: 'right' }], rows)}\n${kind}`;
}

/** A file's name as a shell takes it. */
function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${printable(name).replaceAll("'", "'\\''")}'`;
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('A whole number.');
  return Number(text);
}
