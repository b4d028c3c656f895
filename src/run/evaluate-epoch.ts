import type { Dataset } from '../data/dataset.js';
import type { Split } from '../data/split.js';
import type { Head } from '../heads/head.js';
import type { PhaseRates } from '../recipe/schema.js';
import type { Program } from '../runtime/program.js';
import { FEATURE_BATCH } from '../train/batch-search.js';
import { accuracyOf } from '../train/classifier.js';
import { type DistanceHistogram, embeddingFigures, evenlyByClass } from '../train/embedding-figures.js';
import { computeFeatures } from '../train/features.js';
import { forwardBy } from '../train/forward.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import { embeddings, retrieval } from '../train/scoring.js';
import type { PhaseName } from '../transfer/plan.js';
import { type Measure, measureOf } from './measure.js';
import type { PhaseContext } from './phase-context.js';
import type { Workbench } from './workbench.js';

/** What is looked at after an epoch; null where there is nothing to look at, or the recipe does not ask. */
export interface EpochEvaluation {
  /** What chooses the epoch, in [0, 1]: as `measure` says. */
  validation: number | null;
  measure: Measure;
  held_out_recall_at_1: number | null;
  /** Of the classifier, where the held-out images are of the classes that train. */
  held_out_accuracy: number | null;
  /** Of embeddings of the validation part (where it has few classes, of some training images); the pooled features in phase 1. */
  effective_rank: number;
  distances: DistanceHistogram;
}

/**
 * MAP@R (of a classifier whose classes are held out too: accuracy) on the validation part, and Recall@1 and accuracy on the
 * held-out one where the recipe asks for it in this epoch.
 * @throws Interrupted where the person asked to stop
 */
export async function evaluateEpoch(
  phase: PhaseName,
  epoch: number,
  options: PhaseRates,
  program: Program,
  { bench, source, progress, stopped }: PhaseContext,
): Promise<EpochEvaluation> {
  const measure = measureOf(phase, bench);
  const head = phase === 'triplet' ? presentHead(program, bench, bench.recipe.head.dimensions) : null;
  const { classes } = bench.split.train;
  const classifier = measure === 'accuracy' ? { head: presentHead(program, bench, classes.length), classes } : null;
  const forward = forwardBy(program, FEATURE_BATCH);
  const look = async (samples: Int32Array, what: string) => {
    const bar = progress.bar(`features of the ${what} images`, samples.length, 'images');
    const features = await computeFeatures(forward, source, samples, bar, stopped).finally(() => bar.done());
    return {
      features,
      accuracy: classifier && accuracyOf(classifier, features),
      scores: () => retrieval(features, head),
    };
  };
  const validation = await look(bench.split.validation.samples, 'validation');
  const asked = options.evaluateEvery > 0 && epoch % options.evaluateEvery === 0;
  const heldOut = asked ? await look(bench.split.heldOut.samples, 'held-out') : null;
  const looked = lookedAt(bench);
  const seen = looked === bench.split.validation.samples ? validation : await look(looked, 'training');
  const { values, dimensions } = embeddings(seen.features, head);
  return {
    ...embeddingFigures(values, dimensions, seen.features.labels),
    validation: measure === 'accuracy' ? validation.accuracy : (validation.scores()?.map_at_r ?? null),
    measure,
    held_out_recall_at_1: heldOut?.scores()?.recall_at_1 ?? null,
    held_out_accuracy: heldOut?.accuracy ?? null,
  };
}

/** Images and their split, whether they are decoded or only listed. */
export interface SplitImages {
  readonly split: Split;
  readonly decoded: { readonly dataset: Dataset };
}

/** All images that {@link evaluateEpoch} looks at in a phase. */
export function imagesLookedAt(bench: SplitImages, { evaluateEvery }: PhaseRates): Set<number> {
  const { validation, heldOut } = bench.split;
  return new Set([...validation.samples, ...(evaluateEvery > 0 ? heldOut.samples : []), ...lookedAt(bench)]);
}

/** Enough to tell whether the embeddings differ; they choose nothing. */
const TRAINING_IMAGES = 128;

/** Embeddings of fewer classes may well lie on one line: two classes at its ends are told apart as well as can be. */
export const CLASSES_TO_TELL = 4;

/** The images whose embeddings' rank and distances are looked at: the validation part, or where it has few classes, some that train. */
export function lookedAt(bench: SplitImages): Int32Array {
  const { samples, classes } = bench.split.validation;
  return classes.length >= CLASSES_TO_TELL ? samples : someTraining(bench);
}

function someTraining({ split, decoded }: SplitImages): Int32Array {
  const { samples } = split.train;
  const labels = samples.map((sample) => decoded.dataset.samples[sample]?.class as number);
  return Int32Array.from(evenlyByClass(labels, TRAINING_IMAGES), (row) => samples[row] as number);
}

function presentHead(program: Program, bench: Workbench, outputs: number): Head {
  const values = program.read([HEAD_KERNEL, HEAD_BIAS]);
  return {
    kernel: values[HEAD_KERNEL] as Float32Array,
    bias: values[HEAD_BIAS] as Float32Array,
    inputs: bench.network.features,
    outputs,
  };
}
