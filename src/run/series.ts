/** A series: runs of one recipe that differ in nothing but their seed, named in one `series.json`. */
import { mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { jsonText } from '../train/run-folder.js';

export const SERIES = 'series.json';

export interface SeriesFile {
  readonly recipe: string;
  readonly command: readonly string[];
  readonly started: string;
  /** In the order in which they are run; the run's folder from that of the series, null before it was begun. */
  readonly runs: readonly { readonly seed: number; readonly run: string | null }[];
  readonly finished?: string;
  /** What the seeds gave together, once all have ended. */
  readonly summary?: unknown;
}

export interface Series {
  readonly path: string;
  readonly contents: SeriesFile;
}

/** Seeds as `--seeds` takes them: a number of seeds from `first` on, or a list. @throws UserError */
export function parseSeeds(text: string, first: number): number[] {
  const words = text.split(',').map((word) => word.trim());
  const fault = (what: string, mend: string) =>
    new UserError({ what, where: '--seeds', expected: 'how many (3), or which (0,1,2)', found: text, mend });
  if (words.some((word) => !/^\d+$/.test(word))) throw fault('these are no seeds', '--seeds 3');
  const numbers = words.map(Number);
  const seeds =
    numbers.length === 1 ? Array.from({ length: Math.min(numbers[0] as number, 1001) }, (_, i) => first + i) : numbers;
  if (seeds.length < 2) throw fault('one seed tells nothing of the spread', '--seeds 3; or `--set seed=…` for one run');
  if (seeds.length > 1000) throw fault('more seeds than can be run', '--seeds 3');
  if (seeds.some((seed) => seed > 2 ** 31 - 1)) throw fault('a seed is too large', `seeds lie between 0 and ${2 ** 31 - 1}`);
  if (new Set(seeds).size < seeds.length)
    throw fault('a seed is named twice: its runs would be the same', `--seeds ${[...new Set(seeds)]}`);
  return seeds;
}

/** Makes `root/<time>-<recipe>-seeds` with its first files, so that a kill leaves none that is no series. */
export async function createSeries(
  root: string,
  recipe: { readonly name: string; readonly text: string },
  seeds: readonly number[],
  command: readonly string[],
  now: Date,
): Promise<Series> {
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/:/g, '')
    .replace('T', '-');
  const contents: SeriesFile = {
    recipe: recipe.name,
    command,
    started: now.toISOString(),
    runs: seeds.map((seed) => ({ seed, run: null })),
  };
  const temporary = join(root, `.${stamp}-${recipe.name}-seeds.part-${process.pid}`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await writeFile(join(temporary, 'recipe.yaml'), recipe.text);
  await writeFile(join(temporary, SERIES), jsonText(contents));
  for (let count = 1; ; count++) {
    const path = join(root, `${stamp}-${recipe.name}-seeds${count === 1 ? '' : `-${count}`}`);
    try {
      await rename(temporary, path);
      return { path, contents };
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** The series that an argument names (a path from `from`, or a name in `runs`); undefined where it names none. */
export async function openSeries(argument: string, from: string, root = 'runs'): Promise<Series | undefined> {
  for (const candidate of [resolve(from, argument), resolve(from, root, argument)]) {
    const path = await readlink(candidate).then(
      (to) => resolve(dirname(candidate), to),
      () => candidate,
    );
    const file = join(path, SERIES);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    try {
      const contents = JSON.parse(text) as SeriesFile;
      if (!Array.isArray(contents.runs)) throw new Error('it names no runs');
      return { path, contents };
    } catch (error) {
      throw new UserError({
        what: 'this series cannot be read',
        where: file,
        found: (error as Error).message,
        mend: 'start a new series',
      });
    }
  }
  return undefined;
}

/** The folder of one of its runs. */
export function runOf(series: Series, run: string): string {
  return resolve(series.path, run);
}

/** The series with the folder of a seed's run in it, written. */
export async function withRun(series: Series, seed: number, folder: string): Promise<Series> {
  const run = relative(series.path, folder);
  const runs = series.contents.runs.map((one) => (one.seed === seed ? { seed, run } : one));
  return written({ ...series, contents: { ...series.contents, runs } });
}

export async function withSummary(series: Series, summary: unknown, now: Date): Promise<Series> {
  const finished = series.contents.finished ?? now.toISOString();
  return written({ ...series, contents: { ...series.contents, finished, summary } });
}

async function written(series: Series): Promise<Series> {
  await writeFileAtomic(join(series.path, SERIES), jsonText(series.contents));
  return series;
}
