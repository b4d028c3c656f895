/** `ft train`: a recipe from its images to scores and export. */
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { Interrupted, UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import { loadRecipe } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { resolveRecipeArgument } from '../recipe/working.js';
import { writeRecipe } from '../recipe/write.js';
import type { Manifest } from '../run/manifest.js';
import { createRunFolder, jsonText, openRunFolder, type RunFolder } from '../train/run-folder.js';
import { setComputing } from './computing.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { setOption } from './set-option.js';
import type { PartOfSeries, SeriesToTrain } from './train-series.js';

interface Options {
  set: string[];
  data?: string;
  strict?: true;
  resume?: string;
  seeds?: string;
  runs: string;
}

export function trainVerb(io: Io = processIo()): Command {
  const command = new Command('train')
    .description(
      'Fine-tune a backbone by a recipe: scores before, after phase 1 and after phase 2 on classes never seen, the better model exported.',
    )
    .argument('[recipe]', 'a name (`ft recipes list`) or a file; ft.yaml in this folder where none is given')
    .addOption(setOption())
    .option('--data <path>', 'your own photos: one folder a class, a table (file,class), or a published download')
    .option('--strict', 'stop at images that cannot be read, instead of leaving them out')
    .option('--resume <run>', 'go on with a run or a series that was stopped, e.g. runs/latest')
    .option('--seeds <seeds>', 'how many seeds (3), or which (0,1,2): one run each, then means and spreads')
    .option('--runs <folder>', 'where run folders are made', 'runs')
    .action(async (given: string | undefined, options: Options) => {
      const { progress } = io;
      const series = await seriesOf(given, options, io);
      if (series !== undefined) {
        const { trainSeries } = await import('./train-series.js');
        setComputing(series.recipe);
        const one = (recipe: Recipe, folder: RunFolder | null, part: PartOfSeries) =>
          train(recipe, series.name, folder, options, progress, io, part);
        await trainSeries(series, options.runs, one, progress, io);
        return;
      }
      const { recipe, name, folder } = await recipeOf(given, options, io);
      setComputing(recipe);
      await train(recipe, name, folder, options, progress, io);
    });
  return withExamples(command, [
    ['ft train resnet-semihard', 'the main job, on the built-in images'],
    ['ft train folder --data my-photos', 'your own photos: my-photos/class/image.jpg'],
    ['ft train folder --data labels.csv', 'a table of them: file,class[,split][,group][,…]'],
    ['ft train', 'the working recipe, ft.yaml'],
    ['ft train smoke --set seed=3', 'one key changed'],
    ['ft train smoke --seeds 3', 'three runs that differ in their seed, then what of it is chance'],
    ['ft train --resume runs/latest', 'go on where Ctrl-C stopped'],
  ]);
}

/** The series that is asked for, or that is gone on with; undefined where it is one run. */
async function seriesOf(given: string | undefined, options: Options, io: Io): Promise<SeriesToTrain | undefined> {
  const { openSeries, parseSeeds } = await import('../run/series.js');
  const opened = options.resume === undefined ? undefined : await openSeries(options.resume, io.folder, options.runs);
  if (opened !== undefined) {
    refuseBeside(given, options);
    return { opened, recipe: loadRecipe(join(opened.path, 'recipe.yaml')).recipe, name: opened.contents.recipe };
  }
  if (options.seeds === undefined) return undefined;
  const { recipe, name } = await recipeOf(given, options, io);
  return { seeds: parseSeeds(options.seeds, recipe.seed), recipe, name };
}

/** The recipe: of the command line, or the one that an earlier call resolved into its run folder. */
async function recipeOf(
  given: string | undefined,
  options: Options,
  io: Io,
): Promise<{ recipe: Recipe; name: string; folder: RunFolder | null }> {
  if (options.resume === undefined) {
    const { recipe, name } = loadRecipe(resolveRecipeArgument(given, io.folder), {
      sets: options.strict ? [...options.set, 'data.strict=true'] : options.set,
      folder: io.folder,
      ...(options.data === undefined ? {} : { data: options.data }),
    });
    return { recipe: withWholePaths(recipe, io.folder), name, folder: null };
  }
  refuseBeside(given, options);
  const folder = await openRunFolder(options.resume, io.folder, options.runs);
  const manifest = await folder.readJson<Manifest>('manifest.json');
  return { recipe: loadRecipe(folder.file('recipe.yaml')).recipe, name: manifest?.recipe ?? 'recipe', folder };
}

/** What was begun goes on as it was begun. */
function refuseBeside(given: string | undefined, { set, data, strict, seeds, resume }: Options): void {
  if (given === undefined && set.length === 0 && data === undefined && !strict && seeds === undefined) return;
  throw new UserError({
    what: 'a run goes on with the recipe it was started with',
    where: '--resume',
    found: 'a recipe, --set, --data, --strict or --seeds beside it',
    mend: `ft train --resume ${resume}`,
  });
}

async function train(
  asked: Recipe,
  name: string,
  resumed: RunFolder | null,
  options: Options,
  progress: Progress,
  io: Io,
  part?: PartOfSeries,
): Promise<void> {
  const began = Date.now();
  // TensorFlow is loaded here and not with the command line, which must answer at once.
  const [{ withPrecision }, { openWorkbench }, { makeManifest }, { trainRun }, { checkTracking, tracked }, words] =
    await Promise.all([
      import('../run/precision.js'),
      import('../run/workbench.js'),
      import('../run/manifest.js'),
      import('../run/train.js'),
      import('../run/tracking.js'),
      import('./train-result.js'),
    ]);
  checkTracking(asked.track, process.env);
  const recipe = withPrecision(asked, progress);
  const bench = await openWorkbench(recipe, progress);
  const now = makeManifest(bench, name, process.argv.slice(2), new Date());
  const manifest = (await resumed?.readJson<Manifest>('manifest.json')) ?? now;
  const first = { 'recipe.yaml': writeRecipe(recipe), 'manifest.json': jsonText(manifest) };
  const folder = resumed ?? (await createRunFolder(resolve(io.folder, options.runs), part?.label ?? name, new Date(), first));
  if (resumed === null) await part?.begun(folder.path);
  const path = relative(io.folder, folder.path) || '.';
  refuseChanged(manifest, now, path);
  progress.line(`run folder: ${path}`);
  if (manifest.finished !== undefined) progress.line('this run has come to its end already; its result once more:');
  const interrupt = io.interrupt('finishing the step and writing a checkpoint (Ctrl-C again to leave at once)');
  try {
    const shown = { recipe, manifest, env: process.env, progress, now: Date.now };
    const result = await tracked(folder, shown, (log) =>
      trainRun(bench, log, manifest, { progress, stopped: interrupt.asked, now: () => performance.now() }),
    );
    const { classes, samples } = bench.split.heldOut;
    const took = Date.now() - began;
    const peakMemory = process.resourceUsage().maxRSS / 1024;
    const heldOut = { classes: classes.length, images: samples.length };
    io.stdout.write(`\n${words.trainedInWords({ recipe, manifest, result, heldOut, path, from: io.folder, took, peakMemory })}`);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(`${error.message}\ngo on with: ft train --resume ${words.shellWord(part?.goOn ?? path)}`);
  } finally {
    interrupt.off();
  }
}

/** Folders in full, so that the run is evaluated and goes on from wherever ft is called. */
function withWholePaths(recipe: Recipe, from: string): Recipe {
  const whole = (path: string | null) => (path === null ? null : resolve(from, path));
  const { name } = recipe.backbone;
  return {
    ...recipe,
    backbone: {
      ...recipe.backbone,
      // Weights of one's own are named by their place; the constants lie where TensorFlow is loaded.
      name: name.replace(/^(tfjs|file):(.*)$/, (_, kind: string, path: string) => `${kind}:${resolve(from, path)}`),
      from: whole(recipe.backbone.from),
    },
    data: { ...recipe.data, folder: whole(recipe.data.folder) },
  };
}

/** A resumed run must meet the recipe, the images and the weights that it was started with. */
function refuseChanged(before: Manifest, now: Manifest, path: string): void {
  const faults = [
    {
      what: 'the recipe in the run folder is not the one that the run was started with',
      expected: before.recipe_sha256,
      found: now.recipe_sha256,
    },
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
