import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { labelledPairs, pairScores } from '../evaluate/pairs.js';
import { type Calibration, calibrate } from '../evaluate/threshold.js';
import { unitRows } from '../heads/unit.js';
import { readNpy } from '../vectors/npy.js';
import type { FinishedRun } from './finished.js';
import type { HeldOutImage } from './record.js';

/** A run's threshold for "the same", and what it was calibrated on. */
export interface Threshold extends Calibration {
  /** The false-accept rate that was asked for. */
  readonly asked: number;
  readonly images: number;
  readonly classes: number;
}

/** The most pairs of each kind, and resamples: an interval in about a second. */
const PAIRS = 200_000;
const RESAMPLES = 300;

/**
 * The threshold of a run's exported embedding for a stated false-accept rate, calibrated on the run's held-out images: the only
 * ones that neither trained nor chose anything.
 * @throws UserError where the run keeps no embeddings of them
 */
export async function thresholdOf({ folder, recipe }: FinishedRun, far: number): Promise<Threshold> {
  const scores = await folder.readJson<{ exported: string }>('scores.json');
  const row = scores?.exported ?? '';
  const missing = () =>
    new UserError({
      what: 'this run keeps no embeddings of its held-out images, so no threshold can be calibrated',
      where: folder.file('evaluation'),
      expected: `${row}.npy and held-out.jsonl`,
      mend: 'train again with this version of ft, or leave the threshold away with --far none',
    });
  const text = await readFile(folder.file('evaluation', 'held-out.jsonl'), 'utf8').catch(() => {
    throw missing();
  });
  const matrix = await readNpy(folder.file('evaluation', `${row}.npy`)).catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    throw missing();
  });
  const images = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as HeldOutImage);
  const classes = [...new Set(images.map((image) => image.class))];
  const numbers = new Map(classes.map((name, number) => [name, number]));
  const labels = Int32Array.from(images, (image) => numbers.get(image.class) as number);
  const pairs = labelledPairs(labels, { seed: recipe.seed, limit: PAIRS });
  const found = calibrate(pairScores(unitRows(matrix.values, matrix.columns), matrix.columns, pairs), pairs.same, far, {
    seed: recipe.seed,
    resamples: RESAMPLES,
    classes: { first: pairs.first.map((at) => labels[at] as number), second: pairs.second.map((at) => labels[at] as number) },
  });
  return { ...found, asked: far, images: images.length, classes: classes.length };
}
