import type { Dataset } from '../data/dataset.js';
import { describeDataset } from '../data/describe.js';
import { openLabelled } from '../data/layouts.js';
import { cachePixels, type DecodedDataset } from '../data/pixel-cache.js';
import { splitDataset } from '../data/split.js';
import { UserError } from '../errors.js';
import { type Interval, intervals } from '../evaluate/bootstrap.js';
import { cmc } from '../evaluate/cmc.js';
import { kMeans } from '../evaluate/k-means.js';
import type { Metric } from '../evaluate/metrics.js';
import { type Agreement, agreement } from '../evaluate/mutual-information.js';
import { labelledPairs, pairScores } from '../evaluate/pairs.js';
import { retrieve, type Scores, summarise } from '../evaluate/retrieval.js';
import { thinned, type Verification, verification } from '../evaluate/verification.js';
import type { Progress } from '../progress.js';
import { type Embedded, embedSamples } from './embed-images.js';
import type { FinishedRun } from './finished.js';
import { openDataset, splitRule } from './images.js';

/** What is looked at beside retrieval. */
export interface EvaluationOptions {
  /** Images to score in place of the run's held-out ones: a folder of classes, a table, or a published set. */
  readonly folder?: string | undefined;
  readonly verification?: boolean;
  readonly clusters?: boolean;
  readonly cmc?: boolean;
  /** Images of the query's class and group are no answers. */
  readonly excludeGroup?: boolean;
}

export interface Evaluation {
  readonly classes: number;
  readonly images: number;
  readonly dimensions: number;
  readonly scores: Scores;
  readonly intervals: Record<Metric, Interval>;
  readonly verification?: Verified;
  readonly clusters?: Agreement & { readonly clusters: number };
  /** At place k − 1: the share of queries with a right answer among the first k. */
  readonly cmc?: readonly number[];
}

/** Verification as it is shown: the curve has at most 200 points, the ends among them. */
export interface Verified extends Verification {
  readonly roc: { readonly fpr: readonly number[]; readonly tpr: readonly number[]; readonly thresholds: readonly number[] };
  readonly sampled: boolean;
}

const CURVE_POINTS = 200;
const CMC_RANKS = 50;
/** k-means starts; the best by inertia counts. */
const STARTS = 3;

/** Retrieval by a finished run's model, on the run's held-out images or on other ones, and what else is asked for. */
export async function evaluateRun(run: FinishedRun, options: EvaluationOptions, progress: Progress): Promise<Evaluation> {
  const { recipe, model } = run;
  const { seed } = recipe;
  const decoded = await openEvaluated(run, options.folder, progress);
  const samples =
    options.folder === undefined
      ? splitDataset(decoded.dataset, splitRule(recipe)).heldOut.samples
      : Int32Array.from(decoded.dataset.samples.keys());
  const groups = options.excludeGroup ? groupsOf(decoded.dataset, samples) : undefined;
  const embedded = await embedSamples(model, decoded, samples, progress);
  const { values, dimensions, labels } = embedded;
  const perQuery = retrieve(values, dimensions, labels, groups);
  return {
    classes: new Set(labels).size,
    images: samples.length,
    dimensions,
    scores: summarise(perQuery),
    intervals: intervals(perQuery, { seed }),
    ...(options.cmc ? { cmc: [...cmc(perQuery.values.mrr, Math.min(CMC_RANKS, samples.length - 1))] } : {}),
    ...(options.verification ? { verification: verifyClasses(embedded, seed, groups) } : {}),
    ...(options.clusters ? { clusters: clusterClasses(embedded, seed) } : {}),
  };
}

/** The images that a verb evaluates on: another folder's, or all of the run's own. */
export async function openEvaluated(
  { recipe, manifest }: FinishedRun,
  folder: string | undefined,
  progress: Progress,
): Promise<DecodedDataset> {
  const { data } = recipe;
  const dataset = folder === undefined ? await openDataset(data, progress) : await openLabelled(folder, { progress });
  const decoded = await cachePixels(dataset, { side: data.side, strict: data.strict, progress });
  if (folder === undefined && decoded.dataset.fingerprint !== manifest.data.fingerprint)
    progress.line('the images are not the ones that the run was scored on: these scores are not those of its scores.json');
  for (const line of describeDataset(decoded.dataset)) progress.line(line);
  return decoded;
}

/** Pairs of all images, of both kinds, told apart by a threshold on their cosine. */
function verifyClasses({ values, dimensions, labels }: Embedded, seed: number, groups?: Int32Array): Verified {
  const pairs = labelledPairs(labels, { seed, ...(groups === undefined ? {} : { groups }) });
  const classOf = (row: number) => labels[row] as number;
  const classes = { first: pairs.first.map(classOf), second: pairs.second.map(classOf) };
  return verified(pairScores(values, dimensions, pairs), pairs.same, { seed, classes }, pairs.sampled);
}

export function verified(
  scores: Float64Array,
  same: Uint8Array,
  options: Parameters<typeof verification>[2],
  sampled: boolean,
): Verified {
  const { summary, roc } = verification(scores, same, options);
  return { ...summary, sampled, roc: thinned(roc, CURVE_POINTS) };
}

/** k-means with as many clusters as there are classes, held to the classes. */
function clusterClasses({ values, dimensions, labels }: Embedded, seed: number): Agreement & { clusters: number } {
  const clusters = new Set(labels).size;
  const { assignments } = kMeans(Float64Array.from(values), dimensions, clusters, { seed, starts: STARTS });
  return { ...agreement(labels, assignments), clusters };
}

/** The group of each sample by number, −1 where it has none. @throws UserError where none has one */
function groupsOf({ samples }: Dataset, chosen: Int32Array): Int32Array {
  const numbers = new Map<string, number>();
  const groups = chosen.map((index) => {
    const group = samples[index]?.group;
    if (group === undefined) return -1;
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
  if (numbers.size === 0) {
    throw new UserError({
      what: 'these images have no groups that could be left out',
      where: '--exclude-group',
      expected: "a table with a column 'group', or a published set that has one",
      mend: 'leave --exclude-group away',
    });
  }
  return groups;
}
