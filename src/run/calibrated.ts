import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { forEachResample, rankBoth } from '../evaluate/pair-resample.js';
import { labelledPairs, pairScores } from '../evaluate/pairs.js';
import { rocOf } from '../evaluate/roc.js';
import { type Calibration, calibrating } from '../evaluate/threshold.js';
import { unitRows } from '../heads/unit.js';
import type { Progress } from '../progress.js';
import type { ThresholdPoint } from '../serve/api.js';
import { readNpy } from '../vectors/npy.js';
import type { FinishedRun } from './finished.js';
import type { HeldOutImage } from './record.js';

/** What of a run a threshold needs. */
type Calibrated = Pick<FinishedRun, 'folder' | 'recipe'>;

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

/** The false-accept rates of a curve: 1, 2 and 5 of each power of ten from 0.0001 to 0.5. */
export const CURVE_RATES: readonly number[] = [-4, -3, -2, -1].flatMap((power) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
);

/**
 * The threshold of a run's exported embedding for a stated false-accept rate, calibrated on the run's held-out images: the only
 * ones that neither trained nor chose anything.
 * @throws UserError where the run keeps no embeddings of them
 */
export async function thresholdOf(run: Calibrated, far: number): Promise<Threshold> {
  const [threshold] = await thresholdsOf(run, [far]);
  return threshold as Threshold;
}

/** `thresholdOf` for several rates, from the same pairs and the same resamples. */
export async function thresholdsOf(run: Calibrated, fars: readonly number[]): Promise<Threshold[]> {
  const { seed } = run.recipe;
  const { vectors, dimensions, labels, classes } = await heldOut(run);
  const pairs = labelledPairs(labels, { seed, limit: PAIRS });
  const scores = pairScores(unitRows(vectors, dimensions), dimensions, pairs);
  const ranked = rankBoth(scores, pairs.same, {
    first: pairs.first.map((at) => labels[at] as number),
    second: pairs.second.map((at) => labels[at] as number),
  });
  const roc = rocOf(scores, pairs.same);
  const calibrations = fars.map((far) => calibrating(roc, ranked, far));
  forEachResample(ranked, seed, RESAMPLES, (ofAlike, ofUnlike) => {
    for (const calibration of calibrations) calibration.add(ofAlike, ofUnlike);
  });
  return calibrations.map((calibration, at) => ({
    ...calibration.result(),
    asked: fars[at] as number,
    images: labels.length,
    classes,
  }));
}

/**
 * The thresholds of {@link CURVE_RATES} in the form in which cards and `ft serve` say them, by rising rate; null, and it is said,
 * where the run keeps no embeddings of its held-out images.
 */
export async function thresholdCurve(run: Calibrated, progress: Progress): Promise<ThresholdPoint[] | null> {
  try {
    return (await thresholdsOf(run, CURVE_RATES)).map(({ asked, threshold, interval, far, tar, resolved }) => ({
      asked,
      threshold,
      ...interval.threshold,
      far,
      tar,
      resolved,
    }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    progress.line(`no thresholds for "the same": ${error.faults[0]?.what}`);
    return null;
  }
}

/** The embeddings that a run's exported row gave its held-out images, and their classes as numbers. */
async function heldOut({ folder }: Calibrated) {
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
  return { vectors: matrix.values, dimensions: matrix.columns, labels, classes: classes.length };
}
