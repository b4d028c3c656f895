/** Sets finished runs, or series of runs, side by side: paired by query, with intervals, and the images on which they differ. */
import { type Difference, compare as pairedByQuery } from '../evaluate/bootstrap.js';
import { forEachMetric, type Metric, metrics } from '../evaluate/metrics.js';
import type { PerQuery } from '../evaluate/retrieval.js';
import { type ClassifierComparison, compareClassifiers } from './compare-classifiers.js';
import { type ComparedImage, type ImageScores, imageScores, refuseOtherImages, type Side } from './compare-sides.js';
import { pairedDifference, type SeedDifference, type Spread, spread, unpairedDifference } from './over-seeds.js';
import { type KeyDifference, recipeDifferences } from './recipe-difference.js';
import type { RunResults } from './run-results.js';

export type OverSeedsVerdict = Difference['verdict'];

/** How one metric of two sides compares. */
export interface MetricComparison {
  readonly reference: Spread;
  readonly compared: Spread;
  /** `compared − reference`, over the images; with several seeds each image counts with its mean over them. */
  readonly overImages: Difference;
  /** The same over seeds, where both sides have at least two; its verdict is the one to trust. */
  readonly overSeeds: (SeedDifference & { readonly verdict: OverSeedsVerdict }) | null;
}

/** An image that does better as a query on one side. */
export interface ImageDifference extends ComparedImage {
  /** Whether the nearest image is of its class; a share of the seeds where there are several. */
  readonly found: { readonly reference: number; readonly compared: number };
  readonly map_at_r: { readonly reference: number; readonly compared: number };
}

export interface Comparison {
  readonly rows: { readonly reference: readonly string[]; readonly compared: readonly string[] };
  readonly pairing: 'runs' | 'seeds' | 'different seeds';
  readonly images: number;
  readonly classes: number;
  /** By the metrics that all runs have. */
  readonly metrics: Partial<Record<Metric, MetricComparison>>;
  /** Where all runs have one that was scored. */
  readonly classifier: ClassifierComparison | null;
  /** Found by the compared side alone, and by the reference alone: the most striking first. */
  readonly gained: readonly ImageDifference[];
  readonly lost: readonly ImageDifference[];
  readonly recipe: readonly KeyDifference[];
  /** What else was not the same. */
  readonly made: readonly KeyDifference[];
}

export interface CompareOptions {
  /** The row of every run; undefined: the one that each exported. */
  readonly row?: string;
  /** Of the bootstrap. */
  readonly seed: number;
}

/** @throws UserError where the two were not scored on the same images, or a run lacks the row */
export async function compareSides(reference: Side, compared: Side, { row, seed }: CompareOptions): Promise<Comparison> {
  const { pairing, pairs } = pairsOf(reference, compared);
  for (const [a, b] of pairs) refuseOtherImages(a, b);
  const scoresOf = (run: RunResults) => imageScores(run, row ?? run.exported);
  const [before, after] = [await Promise.all(reference.runs.map(scoresOf)), await Promise.all(compared.runs.map(scoresOf))];
  const means = { before: meanScores(before), after: meanScores(after) };
  const keys = [...means.before.keys()].filter((key) => means.after.has(key));
  const column = (of: Map<string, ImageScores>) => keys.map((key) => of.get(key) as ImageScores);
  const [own, other] = [column(means.before), column(means.after)];
  const overImages = pairedByQuery(perQueryOf(own), perQueryOf(other), { seed });
  const order = pairing === 'seeds' ? orderOf(reference, compared) : null;
  const comparisons = metrics.flatMap((metric) => {
    const [a, b] = [before.map((run) => meanOf(run, metric)), after.map((run) => meanOf(run, metric))];
    // A run of an earlier ft may lack a metric.
    if ([...a, ...b].some(Number.isNaN)) return [];
    const ofSeeds = overSeeds(a, b, order);
    return [[metric, { reference: spread(a), compared: spread(b), overImages: overImages[metric], overSeeds: ofSeeds }] as const];
  });
  const both = reference.series || compared.series;
  const [firstOwn, firstOther] = [reference.runs[0] as RunResults, compared.runs[0] as RunResults];
  const differing = differingImages(own, other);
  return {
    rows: { reference: rowsOf(reference, row), compared: rowsOf(compared, row) },
    pairing,
    images: keys.length,
    classes: new Set(own.map(({ image }) => image.class)).size,
    metrics: Object.fromEntries(comparisons) as Comparison['metrics'],
    classifier: await compareClassifiers(reference, compared, (a, b) => overSeeds(a, b, order), seed),
    ...differing,
    recipe: recipeDifferences(firstOwn.recipe, firstOther.recipe, both ? ['track', 'seed'] : ['track']),
    made: recipeDifferences(madeBy(firstOwn), madeBy(firstOther)),
  };
}

/** Which runs are set against each other: the two, those of one seed, or all against all. */
function pairsOf(reference: Side, compared: Side): { pairing: Comparison['pairing']; pairs: [RunResults, RunResults][] } {
  const [a, b] = [reference.runs, compared.runs];
  if (a.length === 1 && b.length === 1) return { pairing: 'runs', pairs: [[a[0] as RunResults, b[0] as RunResults]] };
  const order = orderOf(reference, compared);
  if (order !== null) return { pairing: 'seeds', pairs: a.map((run, at) => [run, b[order[at] as number] as RunResults]) };
  const first = a[0] as RunResults;
  return { pairing: 'different seeds', pairs: [...a.slice(1), ...b].map((run) => [first, run]) };
}

/** For each run of the reference, the place of the run with its seed on the other side; null where the seeds are not the same. */
function orderOf(reference: Side, compared: Side): number[] | null {
  const places = new Map(compared.runs.map((run, at) => [run.manifest.seed, at]));
  const order = reference.runs.map((run) => places.get(run.manifest.seed) ?? -1);
  return order.includes(-1) || new Set(order).size !== compared.runs.length ? null : order;
}

function overSeeds(a: readonly number[], b: readonly number[], order: readonly number[] | null): MetricComparison['overSeeds'] {
  if (a.length < 2 || b.length < 2) return null;
  const found =
    order === null
      ? unpairedDifference(a, b)
      : pairedDifference(a.map((value, at) => (b[order[at] as number] as number) - value));
  return { ...found, verdict: found.low > 0 ? 'better' : found.high < 0 ? 'worse' : 'no clear difference' };
}

/** Each image with its mean over the runs that hold it out. */
function meanScores(runs: readonly Map<string, ImageScores>[]): Map<string, ImageScores> {
  const keys = new Set(runs.flatMap((run) => [...run.keys()]));
  return new Map(
    [...keys].map((key) => {
      const found = runs.flatMap((run) => run.get(key) ?? []);
      const mean = (metric: Metric) => found.reduce((sum, { values }) => sum + values[metric], 0) / found.length;
      return [key, { image: (found[0] as ImageScores).image, values: forEachMetric(mean) }];
    }),
  );
}

function perQueryOf(images: readonly ImageScores[]): PerQuery {
  return {
    rows: Int32Array.from(images.keys()),
    leftOut: 0,
    values: forEachMetric((metric) => Float64Array.from(images, ({ values }) => values[metric])),
  };
}

function meanOf(run: Map<string, ImageScores>, metric: Metric): number {
  return [...run.values()].reduce((sum, { values }) => sum + values[metric], 0) / run.size;
}

/** Images found more often by one side, by how much their MAP@R differs. */
function differingImages(own: readonly ImageScores[], other: readonly ImageScores[]): Pick<Comparison, 'gained' | 'lost'> {
  const all = own.map(({ image, values }, at): ImageDifference => {
    const values2 = (other[at] as ImageScores).values;
    return {
      file: image.file,
      class: image.class,
      path: image.path,
      found: { reference: values.recall_at_1, compared: values2.recall_at_1 },
      map_at_r: { reference: values.map_at_r, compared: values2.map_at_r },
    };
  });
  const gain = ({ found }: ImageDifference) => found.compared - found.reference;
  const brings = ({ map_at_r: map }: ImageDifference) => map.compared - map.reference;
  const gained = all.filter((image) => gain(image) > 0).sort((a, b) => gain(b) - gain(a) || brings(b) - brings(a));
  const lost = all.filter((image) => gain(image) < 0).sort((a, b) => gain(a) - gain(b) || brings(a) - brings(b));
  return { gained, lost };
}

function rowsOf(side: Side, row: string | undefined): string[] {
  return [...new Set(side.runs.map(({ exported }) => row ?? exported))];
}

/** What of a run's making its recipe does not say. */
function madeBy({ manifest, rows, exported }: RunResults): Record<string, unknown> {
  const { versions, git, weights, data, machine } = manifest;
  return {
    commit: git?.commit.slice(0, 12) ?? null,
    ft: versions.ft,
    tensorflow: versions.tensorflow,
    images: `${data.images} images ${data.fingerprint.slice(0, 12)}`,
    weights: weights.sha256.slice(0, 12),
    machine: machine.cpu,
    dimensions: rows.get(exported)?.dimensions,
  };
}
