import { stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { compareCodePoints, type Dataset, type PartName, type Sample } from '../data/dataset.js';
import { partsOf } from '../data/duplicates.js';
import { type Split, splitDataset } from '../data/split.js';
import { foldLevel } from '../data/split-by-manifest.js';
import { UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { openDataset, splitRule } from './images.js';

/** How each part is called in a table, in the words that most tables use. */
const words: Readonly<Record<PartName, string>> = { train: 'train', validation: 'validation', heldOut: 'test' };

/** A written split. */
export interface WrittenSplit {
  readonly dataset: Dataset;
  /** The split, or with folds that in which each of them is held out. */
  readonly splits: readonly Split[];
}

/**
 * Splits a recipe's images by its rule and writes them as a table (RFC 4180) that `--data` reads: `file,class,split` and a column
 * for groups and for each label level there is; with `folds`, a column `fold` in place of `split`. Files that lie below the
 * table's folder are named from there, so the two can be moved together; others in full.
 */
export async function splitData(recipe: Recipe, folds: number | null, out: string, progress: Progress): Promise<WrittenSplit> {
  const dataset = await openDataset(recipe.data, progress);
  const rule = splitRule(recipe);
  const splits =
    folds === null
      ? [splitDataset(dataset, rule)]
      : Array.from({ length: folds }, (_, take) => splitDataset(dataset, { ...rule, validation: 0, fold: { of: folds, take } }));
  const info = await stat(out).catch(() => undefined);
  if (info?.isDirectory())
    throw new UserError({ what: 'this is a folder, where a table is to be written', where: out, mend: '--out splits.csv' });
  await writeFileAtomic(out, tableOf(dataset, splits, folds !== null, dirname(resolve(out))));
  return { dataset, splits };
}

/** The table as text. */
export function tableOf(dataset: Dataset, splits: readonly Split[], isFolds: boolean, folder: string): string {
  const { samples, classes } = dataset;
  const column = isFolds ? foldColumn(splits, samples.length) : splitColumn(splits[0] as Split, samples.length);
  const grouped = samples.some((sample) => sample.group !== undefined);
  const levels = [...new Set(samples.flatMap((sample) => Object.keys(sample.levels ?? {})))]
    .filter((level) => level !== foldLevel)
    .sort(compareCodePoints);
  const rows = samples.map((sample, index) => [
    pathFrom(folder, sample),
    classes[sample.class] as string,
    column[index] as string,
    ...(grouped ? [sample.group ?? ''] : []),
    ...levels.map((level) => sample.levels?.[level] ?? ''),
  ]);
  const head = ['file', 'class', isFolds ? foldLevel : 'split', ...(grouped ? ['group'] : []), ...levels];
  return [head, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

function splitColumn(split: Split, samples: number): string[] {
  return partsOf(split, samples).map((part) => (part === undefined ? '' : words[part]));
}

/** The fold in which each sample is held out. One that is held out in none (the only image of its class) trains in all: blank. */
function foldColumn(splits: readonly Split[], samples: number): string[] {
  const column = new Array<string>(samples).fill('');
  splits.forEach((split, fold) => {
    for (const sample of split.heldOut.samples) column[sample] = String(fold);
  });
  return column;
}

function pathFrom(folder: string, { path }: Sample): string {
  const inside = relative(folder, path);
  return (inside.startsWith('..') ? path : inside).split(sep).join('/');
}

/** A field in quotes where it needs them: it holds a quote, a comma, a line break, or a blank at an end. */
export function csvField(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
