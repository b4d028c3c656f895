/** Folders as finished runs and series leave them, with scores that a test gives. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MadeRun {
  seed?: number;
  finished?: boolean;
  exported?: string;
  /** By row: what each held-out image got, as [Recall@1, MAP@R]. */
  rows: Record<string, readonly (readonly [number, number])[]>;
  /** Names of the held-out images, `class/file`; null: the run does not say. */
  images?: readonly string[] | null;
  recipe?: Record<string, unknown>;
  validation?: number;
  fingerprint?: string;
  commit?: string;
  classifier?: Record<string, unknown>;
  /** What it named each held-out image. */
  answers?: Record<string, unknown>;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function putRun(root: string, name: string, made: MadeRun): string {
  const {
    seed = 0,
    finished = true,
    rows,
    recipe = {},
    validation = 0.5,
    fingerprint = 'f'.repeat(64),
    commit = 'c',
    classifier,
    answers,
  } = made;
  const exported = made.exported ?? (Object.keys(rows).at(-1) as string);
  const folder = join(root, name);
  const first = Object.values(rows)[0] as readonly unknown[];
  const images = made.images === undefined ? first.map((_, at) => `class${at % 2}/image${at}.png`) : made.images;
  mkdirSync(join(folder, 'evaluation'), { recursive: true });
  const write = (file: string, value: unknown) => writeFileSync(join(folder, file), JSON.stringify(value));
  write('manifest.json', {
    recipe: 'made',
    seed,
    versions: { ft: '0', tensorflow: '2' },
    git: { commit: commit.repeat(40), clean: true },
    weights: { name: 'w', sha256: 'w'.repeat(64) },
    data: { name: 'd', images: 9, classes: 2, fingerprint },
    machine: { cpu: 'm' },
    ...(finished ? { finished: '2025-01-01T00:00:00.000Z' } : {}),
  });
  writeFileSync(
    join(folder, 'recipe.yaml'),
    JSON.stringify({ seed, track: { tensorboard: true, mlflow: null }, data: {}, ...recipe }),
  );
  const columns = Object.entries(rows).map(([row, values]) => {
    const recall = values.map(([value]) => value);
    const map = values.map(([, value]) => value);
    write(`evaluation/${row}.json`, {
      rows: values.map((_, at) => at),
      leftOut: 0,
      values: { recall_at_1: recall, recall_at_5: recall, recall_at_10: recall, map_at_r: map, r_precision: map },
    });
    return [
      row,
      {
        recall_at_1: mean(recall),
        recall_at_5: mean(recall),
        recall_at_10: mean(recall),
        map_at_r: mean(map),
        r_precision: mean(map),
        dimensions: 8,
        validation_map_at_r: validation,
      },
    ] as const;
  });
  const differences = Object.fromEntries(
    columns.slice(1).map(([row, scores], at) => {
      const [before, under] = columns[at] as (typeof columns)[number];
      const value = (metric: 'recall_at_1' | 'map_at_r') => ({ value: scores[metric] - under[metric] });
      return [`${row} − ${before}`, { recall_at_1: value('recall_at_1'), map_at_r: value('map_at_r') }];
    }),
  );
  if (finished)
    write('scores.json', { ...Object.fromEntries(columns), differences, exported, exported_because: 'made', classifier });
  if (answers !== undefined) write('evaluation/classifier.json', answers);
  if (images !== null) {
    writeFileSync(
      join(folder, 'evaluation/held-out.jsonl'),
      images.map((file) => `${JSON.stringify({ file, class: file.split('/')[0], path: `/photos/${file}` })}\n`).join(''),
    );
  }
  return folder;
}

export function putSeries(root: string, name: string, runs: readonly { seed: number; run: string | null }[]): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'series.json'),
    JSON.stringify({
      recipe: 'made',
      command: [],
      started: '2025-01-01T00:00:00.000Z',
      runs: runs.map(({ seed, run }) => ({ seed, run: run === null ? null : `../${run}` })),
    }),
  );
  return folder;
}
