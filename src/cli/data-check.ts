/** `ft data check`: what is wrong with a set of images, before it costs a training. */
import { resolve } from 'node:path';
import process from 'node:process';
import { type Command, Option } from 'commander';
import type { Progress } from '../progress.js';
import { loadRecipe } from '../recipe/load.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { checkSummary } from './data-check-words.js';
import { withExamples } from './examples.js';
import type { Io } from './io.js';
import { setOption } from './set-option.js';

interface Options {
  recipe?: string;
  model?: string;
  split?: string;
  html: string | boolean;
  quick?: true;
  json?: true;
  strict?: true;
  set: string[];
}

/** Where the page goes that nobody has named. */
const usualPage = 'data-check.html';

export function addDataCheck(command: Command, io: Io): void {
  const check = command
    .command('check')
    .description(
      'Check images before they are trained on: class sizes, damaged files, equal and nearly equal images (across the split, under ' +
        'different classes, within one), likely wrong labels, images unlike the rest. Nothing is changed; a page shows what was found.',
    )
    .argument('[folder]', "images in class folders, or a table of them; the recipe's own where none is given")
    .option('--recipe <recipe>', 'the recipe that will train on them: its backbone, side and split', 'folder')
    .option('--model <run>', 'a finished run: its recipe, and its embedding judges the labels')
    .addOption(new Option('--split <by>', "in place of the recipe's split").choices(['class', 'image', 'group', 'manifest']))
    .option('--html <file>', 'where the page of thumbnails goes', usualPage)
    .option('--no-html', 'no page')
    .option('--quick', 'files and hashes only, no network: no crops, no wrong labels')
    .option('--json', 'everything, for tools')
    .option('--strict', 'exit code 2 where images leak across the split or contradict their labels')
    .addOption(setOption())
    .action((folder: string | undefined, options: Options) =>
      runCheck(folder, options, check.getOptionValueSource('html') === 'cli', io),
    );
  withExamples(check, [
    ['ft data check my-photos', `a summary, and ${usualPage}`],
    ['ft data check my-photos --model runs/latest', 'labels judged by an embedding that was trained on them'],
    ['ft data check photos.csv --split group --strict', 'in a script: fails where anything leaks'],
    ['ft data check --recipe resnet-semihard --quick', 'the built-in images, in seconds'],
  ]);
}

async function runCheck(folder: string | undefined, options: Options, pageNamed: boolean, io: Io): Promise<void> {
  const { progress } = io;
  const [{ checkData }, { checkPage }] = await Promise.all([import('../run/check-data.js'), import('../run/check-page.js')]);
  const interrupt = io.interrupt('stopping; once more to leave at once');
  try {
    const sets = [...options.set, ...(options.split === undefined ? [] : [`data.split=${options.split}`])];
    const given = { sets, folder: io.folder, ...(folder === undefined ? {} : { data: resolve(io.folder, folder) }) };
    const model = options.model === undefined ? undefined : await openModel(options.model, io.folder, progress);
    const { recipe } = loadRecipe(model?.folder.file('recipe.yaml') ?? options.recipe ?? 'folder', given);
    const stopped = interrupt.asked;
    const check = await checkData(
      recipe,
      { features: options.quick !== true, stopped, ...(model === undefined ? {} : { model }) },
      progress,
    );
    // A tool that asks for JSON wants no file that it did not name.
    const page = options.html === false || (options.json && !pageNamed) ? undefined : String(options.html);
    if (page !== undefined) await writeFileAtomic(resolve(io.folder, page), await checkPage(check, progress, stopped));
    io.stdout.write(options.json ? `${JSON.stringify(check, null, 2)}\n` : checkSummary(check, page));
    const grave = check.findings.some(({ kind }) => kind === 'leakage' || kind === 'label-conflict');
    if (options.strict && grave) process.exitCode = 2;
  } finally {
    interrupt.off();
  }
}

async function openModel(run: string, folder: string, progress: Progress) {
  const { openFinishedRun } = await import('../run/finished.js');
  return openFinishedRun(run, folder, progress);
}
