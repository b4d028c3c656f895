/** What a finished run left to be compared: its scores, what each query got, and its held-out images. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { choose, UserError } from '../errors.js';
import type { Difference } from '../evaluate/bootstrap.js';
import { forEachMetric, type Metric } from '../evaluate/metrics.js';
import type { PerQuery } from '../evaluate/retrieval.js';
import type { ClassifierAnswers } from '../train/classifier.js';
import { openRunFolder } from '../train/run-folder.js';
import { CLASSIFIER_ANSWERS } from './journal.js';
import type { Manifest } from './manifest.js';
import type { HeldOutImage } from './record.js';

/** One row of `scores.json`. A run of an earlier ft may lack a metric. */
export interface RowScores extends Partial<Record<Metric, number>> {
  readonly dimensions: number;
  readonly validation_map_at_r: number | null;
}

export interface RunResults {
  readonly path: string;
  readonly manifest: Manifest;
  /** The resolved recipe, as it is written there. */
  readonly recipe: unknown;
  readonly rows: ReadonlyMap<string, RowScores>;
  readonly differences: Readonly<Record<string, Partial<Record<Metric, Difference>>>>;
  readonly exported: string;
  /** Single figures of the classifier (`top_1`, `macro_f1`, …); null where none was scored. */
  readonly classifier: Readonly<Record<string, number>> | null;
  /** In the order of the rows of its embeddings; null for a run of an ft that did not write it. */
  readonly heldOut: readonly HeldOutImage[] | null;
  /** What the classifier said of each held-out image; null where there is none, or the run did not keep it. */
  readonly answers: () => Promise<ClassifierAnswers | null>;
  /** What each query of a row got. A metric that the run lacks is NaN. @throws UserError where there is no such row */
  readonly perQuery: (row: string) => Promise<PerQuery>;
}

interface ScoresFile extends Record<string, unknown> {
  exported: string;
  differences?: RunResults['differences'];
  classifier?: object;
}

/** Opens a run that came to its end; `argument` is a path from `from`, or a name in `runs`. @throws UserError */
export async function openResults(argument: string, from: string, root = 'runs'): Promise<RunResults> {
  const folder = await openRunFolder(argument, from, root);
  const manifest = (await folder.readJson<Manifest>('manifest.json')) as Manifest;
  const scores = await folder.readJson<ScoresFile>('scores.json');
  if (manifest.finished === undefined || scores === undefined) {
    throw new UserError({ what: 'this run has not come to its end', where: folder.path, mend: `ft train --resume ${argument}` });
  }
  const rows = new Map(
    Object.entries(scores).filter((entry): entry is [string, RowScores] => {
      const value = entry[1] as Partial<RowScores> | null;
      return typeof value === 'object' && typeof value?.recall_at_1 === 'number';
    }),
  );
  return {
    path: folder.path,
    manifest,
    recipe: parse(await readFile(folder.file('recipe.yaml'), 'utf8')) as unknown,
    rows,
    differences: scores.differences ?? {},
    exported: scores.exported,
    classifier: scores.classifier === undefined ? null : singleNumbers(scores.classifier),
    heldOut: await heldOutImages(folder.file('evaluation', 'held-out.jsonl')),
    answers: async () => (await folder.readJson<ClassifierAnswers>(CLASSIFIER_ANSWERS)) ?? null,
    async perQuery(row) {
      choose(rows, row, 'row', folder.path);
      const file = `evaluation/${row}.json`;
      const stored = await folder.readJson<{ rows: number[]; leftOut: number; values: Partial<Record<Metric, number[]>> }>(file);
      if (stored === undefined) {
        throw new UserError({
          what: 'the run lacks what each query got',
          where: folder.file(file),
          mend: `ft train --resume ${argument}`,
        });
      }
      const missing = () => new Float64Array(stored.rows.length).fill(Number.NaN);
      return {
        rows: Int32Array.from(stored.rows),
        leftOut: stored.leftOut,
        values: forEachMetric((metric) => {
          const values = stored.values[metric];
          return values === undefined ? missing() : Float64Array.from(values);
        }),
      };
    },
  };
}

/** The entries that are single numbers. */
export function singleNumbers(values: object): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}

async function heldOutImages(path: string): Promise<HeldOutImage[] | null> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return null;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HeldOutImage);
}
