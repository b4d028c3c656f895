/** `ft train`: a recipe from its images to scores and export. */
import { relative } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import { loadRecipe } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { resolveRecipeArgument } from '../recipe/working.js';
import { writeRecipe } from '../recipe/write.js';
import type { Manifest } from '../run/manifest.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { createRunFolder, openRunFolder, type RunFolder } from '../train/run-folder.js';
import { withExamples } from './examples.js';
import { onInterrupt } from './interrupt.js';
import { type Io, processIo } from './io.js';
import { setOption } from './plan.js';
import { duration, terminalProgress } from './progress.js';
import { textTable } from './table.js';

interface Options {
  set: string[];
  data?: string;
  resume?: string;
  runs: string;
}

export function trainVerb(io: Io = processIo()): Command {
  const command = new Command('train')
    .description(
      'Fine-tune a backbone by a recipe: scores before, after phase 1 and after phase 2 on classes never seen, the better model exported.',
    )
    .argument('[recipe]', 'a name (`ft recipes list`) or a file; ft.yaml in this folder where none is given')
    .addOption(setOption())
    .option('--data <folder>', 'your own photos, one folder a class')
    .option('--resume <run>', 'go on with a run that was stopped, e.g. runs/latest')
    .option('--runs <folder>', 'where run folders are made', 'runs')
    .action(async (given: string | undefined, options: Options) => {
      const progress = terminalProgress(io.stderr);
      const { recipe, name, folder } = await recipeOf(given, options, io);
      if (recipe.threads !== null) {
        process.env.TF_NUM_INTRAOP_THREADS = String(recipe.threads);
        process.env.TF_NUM_INTEROP_THREADS = String(recipe.threads);
      }
      await train(recipe, name, folder, options, progress, io);
    });
  return withExamples(command, [
    ['ft train resnet-semihard', 'the main job, on the built-in images'],
    ['ft train folder --data my-photos', 'your own photos: my-photos/class/image.jpg'],
    ['ft train', 'the working recipe, ft.yaml'],
    ['ft train smoke --set seed=3', 'one key changed'],
    ['ft train --resume runs/latest', 'go on where Ctrl-C stopped'],
  ]);
}

/** The recipe: of the command line, or the one that an earlier call resolved into its run folder. */
async function recipeOf(
  given: string | undefined,
  options: Options,
  io: Io,
): Promise<{ recipe: Recipe; name: string; folder: RunFolder | null }> {
  if (options.resume === undefined) {
    const { recipe, name } = loadRecipe(resolveRecipeArgument(given, io.folder), {
      sets: options.set,
      folder: io.folder,
      ...(options.data === undefined ? {} : { data: options.data }),
    });
    return { recipe, name, folder: null };
  }
  if (given !== undefined || options.set.length > 0 || options.data !== undefined) {
    throw new UserError({
      what: 'a run goes on with the recipe it was started with',
      where: '--resume',
      found: 'a recipe, --set or --data beside it',
      mend: `ft train --resume ${options.resume}`,
    });
  }
  const folder = await openRunFolder(options.resume, options.runs);
  const manifest = await folder.readJson<Manifest>('manifest.json');
  return { recipe: loadRecipe(folder.file('recipe.yaml')).recipe, name: manifest?.recipe ?? 'recipe', folder };
}

async function train(
  recipe: Recipe,
  name: string,
  resumed: RunFolder | null,
  options: Options,
  progress: Progress,
  io: Io,
): Promise<void> {
  const began = Date.now();
  // TensorFlow is loaded here and not with the command line, which must answer at once.
  const [{ openWorkbench }, { makeManifest }, { trainRun }, summary] = await Promise.all([
    import('../run/workbench.js'),
    import('../run/manifest.js'),
    import('../run/train.js'),
    import('../run/summary.js'),
  ]);
  const bench = await openWorkbench(recipe, progress);
  const folder = resumed ?? (await createRunFolder(options.runs, name, new Date()));
  const path = relative(io.folder, folder.path) || '.';
  const manifest =
    (await folder.readJson<Manifest>('manifest.json')) ?? makeManifest(bench, name, process.argv.slice(2), new Date());
  refuseChanged(manifest, makeManifest(bench, name, [], new Date()), path);
  if (resumed === null) {
    await writeFileAtomic(folder.file('recipe.yaml'), writeRecipe(recipe));
    await folder.writeJson('manifest.json', manifest);
  }
  progress.line(`run folder: ${path}`);
  const interrupt = onInterrupt(`finishing the step and writing a checkpoint (Ctrl-C again to leave at once)`, progress);
  try {
    const result = await trainRun(bench, folder, manifest, { progress, stopped: interrupt.asked, now: () => performance.now() });
    const { titles, lines } = summary.scoreTable(result.rows, result.exported);
    const table = textTable(
      titles.map((title, column) => ({ title, align: column === 0 ? 'left' : 'right' })),
      lines,
    );
    const heldOut = bench.split.heldOut;
    const memory = process.resourceUsage().maxRSS / 1024;
    io.stdout.write(
      `\n${[
        `Retrieval of ${heldOut.classes.length} classes never seen in training (${heldOut.samples.length} images), 95 % intervals`,
        '',
        table,
        '',
        ...summary.changesInWords(result.steps),
        '',
        `exported: ${result.exported} (${result.reason})`,
        ...summary.frozenInWords(manifest),
        `training ${duration(result.seconds * 1000)}, this call ${duration(Date.now() - began)}, peak memory ${memory.toFixed(0)} MiB`,
        '',
        `run      ${path}`,
        `scores   ${path}/scores.json`,
        ...(result.check === null
          ? []
          : [
              `model    ${relative(io.folder, result.check.folder)} (embeddings compared on ${result.check.images} images: cosine ≥ ${result.check.smallestCosine.toFixed(6)})`,
            ]),
        '',
        'next',
        `  ft evaluate ${path}`,
        `  ft embed ${path} FOLDER --out vectors.npy`,
        `  ft freeze --until conv2 && ft train`,
      ].join('\n')}\n`,
    );
  } catch (error) {
    if (interrupt.asked()) progress.line(`go on with: ft train --resume ${path}`);
    throw error;
  } finally {
    interrupt.off();
  }
}

/** A resumed run must meet the images and weights that it was started with. */
function refuseChanged(before: Manifest, now: Manifest, path: string): void {
  const faults = [
    {
      what: 'the images are not the ones that the run was started with',
      expected: before.data.fingerprint,
      found: now.data.fingerprint,
    },
    {
      what: 'the weights are not the ones that the run was started with',
      expected: before.weights.sha256,
      found: now.weights.sha256,
    },
  ]
    .filter(({ expected, found }) => expected !== found)
    .map((fault) => ({ ...fault, where: path, mend: 'start a new run' }));
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
}
