import { basename } from 'node:path';
import type { Fact, HeldOut, QueryFigures, ReportInput, Vectors } from '../report/input.js';
import { unitRows } from '../report/neighbours.js';
import { makeReport } from '../report/report.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { openRunFolder, type RunFolder } from '../train/run-folder.js';
import { readNpy } from '../vectors/npy.js';
import { FINDINGS_FILE } from './findings.js';
import type { Manifest } from './manifest.js';
import {
  classifierOf,
  dataOf,
  epochsOf,
  heldOutOf,
  jsonOf,
  plansOf,
  queriesOf,
  rowsOf,
  stepsOf,
  textOf,
} from './report-files.js';

/** The report of a run, as it was written. */
export interface WrittenReport {
  readonly path: string;
  readonly bytes: number;
  /** Images that the page wanted and that are gone. */
  readonly gone: number;
  /** Files that the run lacks, each with what is not shown for it. */
  readonly missing: readonly string[];
}

/** Name of the report in a run's folder. */
export const REPORT_FILE = 'report.html';

/**
 * Writes the report of a run, finished or not, from what its folder holds; needs neither TensorFlow nor the weights.
 * @param run a run's folder, or its path from `from`
 * @param out null: `report.html` in the folder of the run
 * @throws UserError where there is no such run, or the page cannot be written
 */
export async function writeReport(run: RunFolder | string, from: string, out: string | null = null): Promise<WrittenReport> {
  const folder = typeof run === 'string' ? await openRunFolder(run, from) : run;
  const input = await readReportInput(folder);
  const { page, gone } = await makeReport(input);
  const path = out ?? folder.file(REPORT_FILE);
  await writeFileAtomic(path, page);
  return { path, bytes: Buffer.byteLength(page), gone, missing: input.missing };
}

/** What the report of a run is made of. */
export async function readReportInput(folder: RunFolder): Promise<ReportInput> {
  const missing: string[] = [];
  const told = async <T>(found: Promise<T | null>, file: string, what: string): Promise<T | null> => {
    const value = await found;
    if (value === null) missing.push(`${what}: the run holds no readable ${file}.`);
    return value;
  };
  const manifest = ((await folder.readJson<Manifest>('manifest.json')) ?? {}) as Manifest;
  const scores = (await told(jsonOf(folder.file('scores.json')), 'scores.json', 'Scores')) ?? {};
  const lines = await told(textOf(folder.file('metrics.jsonl')), 'metrics.jsonl', 'Curves');
  const plan = await told(jsonOf(folder.file('plan.json')), 'plan.json', 'The plan');
  const data = await told(jsonOf(folder.file('data.json')), 'data.json', 'The images');
  const held = await told(
    textOf(folder.file('evaluation', 'held-out.jsonl')),
    'evaluation/held-out.jsonl',
    'Queries, pairs and the map',
  );
  const rows = rowsOf(scores);
  const exported =
    typeof scores.exported === 'string' ? { row: scores.exported, because: String(scores.exported_because ?? '') } : null;
  const heldOut = held === null ? null : heldOutOf(held);
  const chosen = exported?.row ?? rows.at(-1)?.name;
  const shown = heldOut === null || chosen === undefined ? [] : [...new Set([chosen, 'before'])];
  const vectors = await vectorsOf(folder, shown, heldOut, missing);
  return {
    run: basename(folder.path),
    recipe: manifest.recipe ?? 'run',
    backbone: manifest.weights?.name ?? 'the network',
    finished: manifest.finished !== undefined,
    seed: manifest.seed ?? 0,
    command: manifest.command ?? [],
    facts: factsOf(manifest),
    rows,
    steps: stepsOf(scores),
    exported,
    epochs: epochsOf(lines ?? ''),
    plans: plan === null ? [] : plansOf(plan, manifest as unknown as Record<string, unknown>),
    data: data === null ? null : dataOf(data, await jsonOf(folder.file(FINDINGS_FILE))),
    heldOut,
    vectors,
    queries: await queriesOfRow(folder, vectors[0]?.row, heldOut),
    classifier: classifierOf(scores),
    missing,
  };
}

/** Embeddings of the rows that are shown, the first being the one that the pictures are of. */
async function vectorsOf(
  folder: RunFolder,
  rows: readonly string[],
  heldOut: HeldOut | null,
  missing: string[],
): Promise<Vectors[]> {
  const found: Vectors[] = [];
  for (const row of rows) {
    const file = `${row}.npy`;
    try {
      const { rows: images, columns, values } = await readNpy(folder.file('evaluation', file));
      if (images !== heldOut?.labels.length) throw new Error(`${images} rows for ${heldOut?.labels.length ?? 0} held-out images`);
      found.push({ row, dimensions: columns, unit: unitRows(values, columns) });
    } catch (error) {
      const reason =
        (error as NodeJS.ErrnoException).code === 'ENOENT'
          ? 'the run holds none'
          : ((error as Error).message.split('\n', 1)[0] as string);
      missing.push(`Embeddings of ${row} (evaluation/${file}): ${reason}.`);
    }
  }
  return found;
}

async function queriesOfRow(folder: RunFolder, row: string | undefined, heldOut: HeldOut | null): Promise<QueryFigures | null> {
  if (row === undefined || heldOut === null) return null;
  const found = await jsonOf(folder.file('evaluation', `${row}.json`));
  return found === null ? null : queriesOf(found, heldOut.labels.length);
}

function factsOf(manifest: Partial<Manifest>): Fact[] {
  const { started, finished, seed, versions, machine, git, data, weights, recipe_sha256: recipe } = manifest;
  const facts: (Fact | null)[] = [
    started === undefined ? null : { what: 'started', value: started },
    finished === undefined ? null : { what: 'finished', value: finished },
    seed === undefined ? null : { what: 'seed', value: String(seed) },
    versions === undefined
      ? null
      : {
          what: 'versions',
          value: Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(', '),
        },
    machine === undefined ? null : { what: 'machine', value: `${machine.cpu}, ${machine.threads} threads, ${machine.platform}` },
    git === undefined || git === null
      ? null
      : { what: 'commit of ft', value: `${git.commit}${git.clean ? '' : ' (with changes)'}`, code: true },
    recipe === undefined ? null : { what: 'recipe, SHA-256', value: recipe, code: true },
    data === undefined ? null : { what: 'images, fingerprint', value: data.fingerprint, code: true },
    weights === undefined ? null : { what: `weights of ${weights.name}, SHA-256`, value: weights.sha256, code: true },
  ];
  return facts.filter((fact) => fact !== null);
}
