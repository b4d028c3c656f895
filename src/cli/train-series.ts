/** `ft train --seeds`: the same recipe once for each seed, and a table of what they have in common. */
import { relative, resolve } from 'node:path';
import process from 'node:process';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { writeRecipe } from '../recipe/write.js';
import type { Series } from '../run/series.js';
import { openRunFolder, type RunFolder } from '../train/run-folder.js';
import type { Io } from './io.js';

/** A series that is to begin with these seeds, or one that was opened to go on. */
export type SeriesToTrain = { readonly recipe: Recipe; readonly name: string } & (
  | { readonly seeds: readonly number[]; readonly opened?: undefined }
  | { readonly opened: Series }
);

/** What a run that is one of a series does differently. */
export interface PartOfSeries {
  /** The name of its folder, behind the time. */
  readonly label: string;
  /** Told of a new run's folder as soon as it is there. */
  readonly begun: (folder: string) => Promise<void>;
  /** What `--resume` is given to go on. */
  readonly goOn: string;
}

/** Trains one run of a series. */
export type TrainOne = (recipe: Recipe, folder: RunFolder | null, part: PartOfSeries) => Promise<void>;

export async function trainSeries(
  wanted: SeriesToTrain,
  runs: string,
  train: TrainOne,
  progress: Progress,
  io: Io,
): Promise<void> {
  const { recipe, name } = wanted;
  const [{ createSeries }, { runSeries }, { checkTracking }, { seriesInWords }, { shellWord }] = await Promise.all([
    import('../run/series.js'),
    import('../run/seeds.js'),
    import('../run/tracking.js'),
    import('./series-words.js'),
    import('./train-result.js'),
  ]);
  // Before a folder is made of it.
  checkTracking(recipe.track, process.env);
  const series =
    wanted.opened ??
    (await createSeries(
      resolve(io.folder, runs),
      { name, text: writeRecipe(recipe) },
      wanted.seeds,
      process.argv.slice(2),
      new Date(),
    ));
  const path = relative(io.folder, series.path) || '.';
  const seeds = series.contents.runs.map(({ seed }) => seed);
  progress.line(`series: ${path}, seeds ${seeds.join(', ')}; stopped, it goes on with: ft train --resume ${shellWord(path)}`);
  const ended = await runSeries(
    series,
    async (seed, run, begun) => {
      progress.line(`\nseed ${seed}, run ${seeds.indexOf(seed) + 1} of ${seeds.length}`);
      const folder = run === null ? null : await openRunFolder(run, io.folder);
      await train({ ...recipe, seed }, folder, { label: `${name}-seed-${seed}`, begun, goOn: path });
    },
    () => new Date(),
  );
  io.stdout.write(`\n${seriesInWords(ended.summary, ended.results, path, io.folder)}`);
}
