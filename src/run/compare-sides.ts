/** What is compared: a run, or a series of them; and which of their images are the same. */
import { resolve } from 'node:path';
import { printable } from '../data/printable.js';
import { UserError } from '../errors.js';
import { type Metric, metrics } from '../evaluate/metrics.js';
import type { HeldOutImage } from './record.js';
import { openResults, type RunResults } from './run-results.js';
import { resultsOf } from './seeds.js';
import { openSeries } from './series.js';

/** One or several runs of one recipe. */
export interface Side {
  /** As it was named. */
  readonly name: string;
  readonly path: string;
  readonly series: boolean;
  readonly runs: readonly RunResults[];
}

/** A run or a series by its path from `from`, or its name in `root`. @throws UserError where it has not come to its end */
export async function openSide(argument: string, from: string, root: string): Promise<Side> {
  const series = await openSeries(argument, from, root);
  if (series === undefined) {
    const run = await openResults(argument, from, root);
    return { name: argument, path: run.path, series: false, runs: [run] };
  }
  const runs = await resultsOf(series).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError({ what: 'this series has not come to its end', where: argument, mend: `ft train --resume ${argument}` });
  });
  return { name: argument, path: resolve(series.path), series: true, runs };
}

/** A held-out image of both sides; `path`: where it lay when the reference was trained, null where the run does not say. */
export type ComparedImage = Pick<HeldOutImage, 'file' | 'class'> & { readonly path: string | null };

/** What one held-out image got as a query, by the metrics that its run has. */
export interface ImageScores {
  readonly image: ComparedImage;
  readonly values: Readonly<Record<Metric, number>>;
}

/** The held-out images of a run that ask something, each with what it got in a row. @throws UserError where there is no such row */
export async function imageScores(run: RunResults, row: string): Promise<Map<string, ImageScores>> {
  const { rows, values } = await run.perQuery(row);
  return new Map(
    Array.from(rows, (place, at) => {
      const image = run.heldOut?.[place] ?? { file: `held-out image ${place + 1}`, class: '', path: null };
      const own = Object.fromEntries(metrics.map((metric) => [metric, values[metric][at] as number])) as Record<Metric, number>;
      return [keyOf(image), { image, values: own }];
    }),
  );
}

export function keyOf({ file, class: name }: Pick<HeldOutImage, 'file' | 'class'>): string {
  return JSON.stringify([file, name]);
}

/**
 * Refuses two runs that were not scored on the same images: each query's score depends on all others, which are its gallery.
 * A run of an ft that did not write its held-out images is taken to have those of a run on the same data with the same split.
 * @throws UserError that names images which only one of them has
 */
export function refuseOtherImages(reference: RunResults, compared: RunResults): void {
  const mend = `train it again on the same images and split (\`data\` in ${reference.path}/recipe.yaml)`;
  if (reference.heldOut === null || compared.heldOut === null) {
    const split = ({ manifest, recipe }: RunResults) => {
      const { heldOut, classes } = (recipe as { data?: Record<string, unknown> }).data ?? {};
      return JSON.stringify([manifest.data.fingerprint, heldOut, classes]);
    };
    if (split(reference) === split(compared)) return;
    throw new UserError({ what: 'the two runs have other images, or split them in another way', where: compared.path, mend });
  }
  const [own, others] = [reference.heldOut, compared.heldOut];
  const missing = without(own, others);
  const added = without(others, own);
  if (missing.length === 0 && added.length === 0) return;
  throw new UserError({
    what: 'the two runs were not scored on the same held-out images, so that their scores cannot be paired',
    where: compared.path,
    expected: `the ${own.length} held-out images of ${reference.path}`,
    found: `${others.length} images; ${amount('missing', missing)}, ${amount('of its own', added)}`,
    mend,
  });
}

function without(images: readonly HeldOutImage[], others: readonly HeldOutImage[]): HeldOutImage[] {
  const keys = new Set(others.map(keyOf));
  return images.filter((image) => !keys.has(keyOf(image)));
}

function amount(what: string, images: readonly HeldOutImage[]): string {
  const [first] = images;
  return first === undefined
    ? `none ${what}`
    : `${images.length} ${what} (${printable(first.file)}${images.length > 1 ? ', …' : ''})`;
}
