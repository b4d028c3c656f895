/** Shows a run in TensorBoard and MLflow while it goes on, from what goes into its `metrics.jsonl`. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Interrupted } from '../errors.js';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import type { TrackOptions } from '../recipe/track.js';
import { writeRecipe } from '../recipe/write.js';
import { flatParameters } from '../track/figures.js';
import { mlflow } from '../track/mlflow.js';
import { type MlflowEnvironment, mlflowServer } from '../track/mlflow-server.js';
import { tensorboard } from '../track/tensorboard.js';
import type { RunEnd, TrackedRun, TrackedScores, Tracker } from '../track/tracker.js';
import type { RunFolder } from '../train/run-folder.js';
import type { StoredRow } from './journal.js';
import type { Manifest } from './manifest.js';
import { singleNumbers } from './run-results.js';
import { scoreTable } from './summary.js';
import type { RunResult } from './train.js';

export interface TrackingContext {
  readonly recipe: Recipe;
  readonly manifest: Manifest;
  readonly env: MlflowEnvironment;
  readonly progress: Progress;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Refuses, before anything is opened, an address that can be no server's. @throws UserError */
export function checkTracking(options: TrackOptions, env: MlflowEnvironment): void {
  if (options.mlflow !== null) mlflowServer(options.mlflow.uri, env);
}

/**
 * Runs `train` on a folder whose log is shown by the trackers that the recipe asks for, and tells them how it ended. Their
 * failures are said and change nothing of the run.
 */
export async function tracked(
  folder: RunFolder,
  context: TrackingContext,
  train: (folder: RunFolder) => Promise<RunResult>,
): Promise<RunResult> {
  const trackers = await openTrackers(folder, context);
  const end = async (how: RunEnd) => {
    for (const tracker of trackers) await tracker.ended(how);
  };
  let result: RunResult;
  try {
    let lines = await linesOf(folder);
    for (const tracker of trackers) await tracker.restate(lines);
    result = await train({
      ...folder,
      async log(line) {
        await folder.log(line);
        lines = [...lines, line];
        for (const tracker of trackers) await tracker.logged(line);
      },
      async keepLogged(keep) {
        await folder.keepLogged(keep);
        const kept = await linesOf(folder);
        if (kept.length === lines.length) return;
        lines = kept;
        for (const tracker of trackers) await tracker.restate(lines);
      },
    });
  } catch (error) {
    // Where the disk is full no tracker can say anything either; the first error is the one to tell.
    await end(error instanceof Interrupted ? 'stopped' : 'failed').catch(() => undefined);
    throw error;
  }
  const scores = scoresOf(result, context.manifest, context.now());
  for (const tracker of trackers) await tracker.scored(scores);
  await end('finished');
  return result;
}

async function openTrackers(folder: RunFolder, { recipe, manifest, env, progress, now }: TrackingContext): Promise<Tracker[]> {
  const { track, ...rest } = recipe;
  const run: TrackedRun = {
    name: basename(folder.path),
    recipeName: manifest.recipe,
    recipeText: writeRecipe(recipe),
    parameters: { recipe: manifest.recipe, ...flatParameters(rest) },
    started: Date.parse(manifest.started),
    tags: tagsOf(manifest),
  };
  const trackers: Tracker[] = [];
  if (track.tensorboard) trackers.push(tensorboard(folder.file('tensorboard'), run, now));
  if (track.mlflow !== null) {
    const server = mlflowServer(track.mlflow.uri, env);
    const { experiment } = track.mlflow;
    trackers.push(await mlflow(folder.file('mlflow.json'), run, { server, experiment, progress, now }));
  }
  return trackers;
}

function tagsOf({ recipe, command, versions, git, data, weights, machine }: Manifest): Record<string, string> {
  return {
    'mlflow.source.name': ['ft', ...command].join(' '),
    'mlflow.source.type': 'LOCAL',
    ...(git === null ? {} : { 'mlflow.source.git.commit': git.commit }),
    'ft.recipe': recipe,
    'ft.data': `${data.name}: ${data.images} images, ${data.classes} classes, ${data.fingerprint}`,
    'ft.weights': `${weights.name} ${weights.sha256}`,
    'ft.machine': `${machine.cpu}, ${machine.threads} threads, ${machine.platform}`,
    ...Object.fromEntries(Object.entries(versions).map(([name, version]) => [`ft.version.${name}`, version])),
  };
}

function scoresOf({ rows, classifier, exported }: RunResult, manifest: Manifest, now: number): TrackedScores {
  const classified = classifier === null ? [] : [{ name: 'classifier', figures: singleNumbers(classifier) }];
  return {
    rows: [
      ...rows.map(({ name, scores, validation }) => ({
        name,
        figures: { ...scores, ...(validation === null ? {} : { validation_map_at_r: validation }) },
      })),
      ...classified,
    ],
    exported,
    markdown: markdownOf(rows, exported),
    finished: manifest.finished === undefined ? now : Date.parse(manifest.finished),
  };
}

function markdownOf(rows: readonly StoredRow[], exported: string): string {
  const { titles, lines } = scoreTable(rows, exported);
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.trim()).join(' | ')} |`;
  return [row(titles), row(titles.map(() => '---')), ...lines.map(row)].join('\n');
}

async function linesOf(folder: RunFolder): Promise<Record<string, unknown>[]> {
  const text = await readFile(folder.file('metrics.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      // The last line of a call that was killed while it wrote it.
      return [];
    }
  });
}
