/** `ft data show`: a contact sheet of the views that training draws. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../data/printable.js';
import { UserError } from '../errors.js';
import { findRecipe, loadRecipe, recipeNames } from '../recipe/load.js';
import { resolveRecipeArgument } from '../recipe/working.js';
import { writeFileAtomic } from '../runtime/folders.js';
import type { PhaseName } from '../transfer/plan.js';
import { withExamples } from './examples.js';
import type { Io } from './io.js';
import { setOption } from './set-option.js';

interface Options {
  recipe?: string;
  data?: string;
  set: string[];
  phase?: PhaseName;
  images: number;
  views: number;
  out: string;
}

const MOST_IMAGES = 100;
const MOST_VIEWS = 50;

export function addDataShow(command: Command, io: Io): void {
  const show = command
    .command('show')
    .description(
      'Draw a contact sheet: some training images, and beside each its views exactly as the epochs of a phase draw them, ' +
        'augmented and mixed.',
    )
    .argument('[recipe-or-images]', 'a recipe, or images in class folders, or a table of them; ft.yaml where none is given')
    .option('--recipe <recipe>', 'where images are named: the recipe that will train on them (default: folder)')
    .option('--data <path>', "the images, in place of the recipe's")
    .addOption(setOption())
    .addOption(
      new Option('--phase <phase>', 'which phase draws them; the first where none is given').choices([
        'classification',
        'triplet',
      ]),
    )
    .option('--images <n>', 'rows', counter(MOST_IMAGES), 8)
    .option('--views <n>', 'views of each image, one from each epoch', counter(MOST_VIEWS), 6)
    .option('--out <file>', 'where the sheet goes: .png or .html', 'data-show.png')
    .action((what: string | undefined, options: Options) => showSheet(what, options, io));
  withExamples(show, [
    ['ft data show resnet-semihard', 'data-show.png: 8 images, 6 views of each'],
    ['ft data show my-photos --out sheet.html', 'your own photos by the recipe folder'],
    ['ft data show smoke --set data.augment.randAugment={} --phase triplet', 'before it is written into a recipe'],
    ["ft data show smoke --set 'classification.mix={mixup: 0.2, cutmix: 1}'", 'with the images that each is mixed with'],
  ]);
}

async function showSheet(what: string | undefined, options: Options, io: Io): Promise<void> {
  const path = resolve(io.folder, options.out);
  const form = formOf(options.out);
  const data = options.data ?? (what !== undefined && isImages(what, io.folder) ? what : undefined);
  if (data === undefined && what !== undefined) refuseNeither(what, io.folder);
  const named = options.data === undefined && data !== undefined ? (options.recipe ?? 'folder') : (what ?? options.recipe);
  const { recipe } = loadRecipe(resolveRecipeArgument(named, io.folder), {
    sets: options.set,
    folder: io.folder,
    ...(data === undefined ? {} : { data }),
  });
  const { progress } = io;
  const { showData } = await import('../run/show-data.js');
  const sheet = await showData(recipe, { phase: options.phase ?? null, images: options.images, views: options.views }, progress);
  await writeFileAtomic(path, await render(form, sheet));
  io.stdout.write(`${[sheet.title, ...sheet.notes].map(printable).join('\n')}\n${printable(options.out)} written\n`);
}

async function render(
  form: 'png' | 'html',
  sheet: Parameters<typeof import('../run/sheet-png.js')['sheetPng']>[0],
): Promise<string | Uint8Array> {
  switch (form) {
    case 'png':
      return (await import('../run/sheet-png.js')).sheetPng(sheet);
    case 'html':
      return (await import('../run/sheet-page.js')).sheetPage(sheet);
  }
}

function formOf(out: string): 'png' | 'html' {
  if (/\.png$/i.test(out)) return 'png';
  if (/\.html?$/i.test(out)) return 'html';
  throw new UserError({ what: 'a sheet is written as PNG or as HTML', where: '--out', expected: '….png or ….html', found: out });
}

/** A folder or a table; the name of a recipe that comes with ft means the recipe, `./name` the folder. */
function isImages(what: string, folder: string): boolean {
  if (recipeNames().includes(what) || /\.ya?ml$/i.test(what)) return false;
  const found = statSync(resolve(folder, what), { throwIfNoEntry: false });
  return found !== undefined && (found.isDirectory() || /\.(csv|tsv|jsonl|ndjson)$/i.test(what));
}

function refuseNeither(what: string, folder: string): void {
  const recipe = findRecipe(what, folder);
  if (typeof recipe === 'string') return;
  throw new UserError({
    what: `'${printable(what)}' is neither a recipe nor images`,
    expected: `a folder, a table (.csv, .tsv, .jsonl), or one of ${recipeNames().join(', ')}`,
    ...(recipe.mend === undefined ? {} : { mend: recipe.mend }),
  });
}

function counter(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1 || value > most) throw new InvalidArgumentError(`A whole number from 1 to ${most}.`);
    return value;
  };
}
