/** Runs small enough for a test: a backbone cut after one block of conv3, and images of 32 pixels. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { writeRecipe } from '../../src/recipe/write.js';
import { makeManifest } from '../../src/run/manifest.js';
import type { FreeMemory } from '../../src/run/maps-place.js';
import { type RunResult, trainRun } from '../../src/run/train.js';
import { openWorkbench } from '../../src/run/workbench.js';
import { createRunFolder, jsonText, openRunFolder } from '../../src/train/run-folder.js';

/** Keys that make the recipe `smoke` run in a second or two. */
export const TINY = [
  'backbone.upTo=conv3_1_relu',
  'data.classes=12',
  'data.side=32',
  'data.check=false',
  'data.validation=0.34',
  'head.dimensions=8',
  'classification.batch=8',
  'classification.freeze={until: conv2}',
  'triplet.classesPerBatch=3',
  'triplet.imagesPerClass=2',
  'triplet.freeze={until: conv2}',
  'triplet.miner=all',
  'triplet.margin=1',
  'export.report=false', // a page takes longer than such a run
];

/** Command-line arguments that set these keys. */
export const setting = (...keys: readonly string[]): string[] => keys.flatMap((key) => ['--set', key]);

/** A folder for all tests of a file, removed after the last one. */
export function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ft-run-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into files of many shapes
type Json = any;

export const readJson = (...parts: string[]): Json => JSON.parse(readFileSync(join(...parts), 'utf8'));

export function readLines(...parts: string[]): Json[] {
  const path = join(...parts);
  if (!existsSync(path)) return [];
  // What another process is writing at this moment is no line yet.
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const runsIn = (runs: string) => (existsSync(runs) ? readdirSync(runs).filter((entry) => /^\d{4}-/.test(entry)) : []);

/** Whether a run was begun below `runs`. */
export const hasRun = (runs: string): boolean => runsIn(runs).length > 0;

/** The one run below `runs`. */
export function onlyRun(runs: string): string {
  const [name, ...more] = runsIn(runs);
  if (name === undefined || more.length > 0) throw new Error(`${runs} holds ${readdirSync(runs).join(', ') || 'nothing'}`);
  return join(runs, name);
}

/** The bytes that must not depend on whether a run was stopped: every weight, head and score. */
export function outcome(run: string): Record<string, string> {
  const files = [
    'model.safetensors',
    'model-head.safetensors',
    'checkpoints/classification.safetensors',
    'checkpoints/triplet.safetensors',
    'checkpoints/triplet-head.safetensors',
    'scores.json',
  ];
  const frozen = JSON.stringify(readJson(run, 'manifest.json').frozen);
  return {
    frozen,
    ...Object.fromEntries(
      files.map((file) => [
        file,
        createHash('sha256')
          .update(readFileSync(join(run, file)))
          .digest('hex'),
      ]),
    ),
  };
}

export interface Sitting {
  /** How many times the run may ask whether it shall stop before it shall. */
  readonly allowed?: number;
  /** How many times it may ask before it ends on the spot, as by a kill. */
  readonly killed?: number;
  readonly resume?: string;
  /** Milliseconds between checkpoints inside an epoch; 0: one after every step. */
  readonly saveEvery?: number;
  readonly mapsFolder?: string;
  readonly freeOnCard?: FreeMemory;
  /** Takes the lines that a person would read. */
  readonly said?: (line: string) => void;
  /** Takes the cached pixels away afterwards. */
  readonly dropPixels?: boolean;
}

/** A run by the parts below the command line. */
export async function trainParts(
  root: string,
  keys: readonly string[],
  sitting: Sitting = {},
): Promise<{ path: string; result: RunResult }> {
  const { allowed = Number.POSITIVE_INFINITY, killed = Number.POSITIVE_INFINITY, resume, saveEvery, mapsFolder } = sitting;
  const { freeOnCard, said } = sitting;
  const { recipe } = loadRecipe('smoke', { sets: keys });
  const bench = await openWorkbench(recipe, silent);
  const now = makeManifest(bench, 'tiny', [], new Date());
  const first = { 'recipe.yaml': writeRecipe(recipe), 'manifest.json': jsonText(now) };
  const folder =
    resume === undefined ? await createRunFolder(root, 'tiny', new Date(), first) : await openRunFolder(resume, root);
  const manifest = (await folder.readJson<typeof now>('manifest.json')) ?? now;
  let asked = 0;
  const stopped = () => {
    if (++asked > killed) throw new Error('killed');
    return asked > allowed;
  };
  const context = {
    progress: said === undefined ? silent : { ...silent, line: said },
    stopped,
    now: () => performance.now(),
    ...(saveEvery === undefined ? {} : { saveEvery }),
    ...(mapsFolder === undefined ? {} : { mapsFolder }),
    ...(freeOnCard === undefined ? {} : { freeOnCard }),
  };
  try {
    return { path: folder.path, result: await trainRun(bench, folder, manifest, context) };
  } finally {
    if (sitting.dropPixels) rmSync(bench.decoded.storePath);
  }
}
