import { type BatchOptions, type BatchPlan, planEpoch } from '../data/batch.js';
import type { DecodedDataset } from '../data/pixel-cache.js';
import { deriveSeed } from '../data/random.js';
import { pkBatches, shuffledBatches } from '../data/samplers.js';
import { balancedBatches } from '../data/samplers-balanced.js';
import { coveringBatches, type LevelMeeting } from '../data/samplers-cover.js';
import { levelsOfClasses } from '../data/samplers-levels.js';
import { denseLabels, type Split } from '../data/split.js';
import { viewsOfEpoch } from '../data/views.js';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import type { PhaseName } from '../transfer/plan.js';

/** What a recipe says of the images of a phase: which come together, and how they are varied. Knows no TensorFlow. */

/** A recipe and the images that it names. */
export interface PhaseImages {
  readonly recipe: Recipe;
  readonly split: Split;
  readonly decoded: DecodedDataset;
}

/** The batches of an epoch (samples by index), a pure function of seed and epoch. */
export function batchesOf(
  phase: PhaseName,
  { recipe, split, decoded }: PhaseImages,
  seed: number,
): (epoch: number) => Int32Array[] {
  const { samples } = split.train;
  const labels = () => denseLabels(decoded.dataset, split.train);
  switch (phase) {
    case 'classification': {
      const { batch, sampler } = recipe.classification as NonNullable<Recipe['classification']>;
      switch (sampler) {
        case 'shuffled':
          return (epoch) => shuffledBatches(samples, batch, seed, epoch);
        case 'class-balanced':
          return ofSeed(balancedBatches(samples, labels(), batch), seed);
      }
      break;
    }
    case 'triplet': {
      const { classesPerBatch: p, imagesPerClass: k, sampler } = recipe.triplet as NonNullable<Recipe['triplet']>;
      const dense = labels();
      switch (sampler) {
        case 'random':
          return (epoch) => pkBatches(samples, dense, p, k, seed, epoch);
        case 'cover':
          return ofSeed(coveringBatches(samples, dense, p, k), seed);
        case 'hierarchical':
          return ofSeed(coveringBatches(samples, dense, p, k, meetingOf({ recipe, split, decoded })), seed);
      }
    }
  }
}

/**
 * Which classes meet where the sampler is hierarchical.
 * @throws UserError where the images' table has no such level
 */
export function meetingOf({ recipe, split, decoded }: PhaseImages): LevelMeeting {
  const { level, levelShare } = recipe.triplet as NonNullable<Recipe['triplet']>;
  const levels = levelsOfClasses(decoded.dataset, split.train, level);
  // The sampler knows classes by their number among the training classes.
  return { levelOf: (label) => levels.get(split.train.classes[label] as number) as number, share: levelShare };
}

function ofSeed(sampler: (seed: number, epoch: number) => Int32Array[], seed: number): (epoch: number) => Int32Array[] {
  return (epoch) => sampler(seed, epoch);
}

/** The batches of an epoch from a step on, each place with its view where the recipe gives every image some of its own. */
export function plansOf({ data, seed }: Recipe, epochBatches: (epoch: number) => Int32Array[]) {
  return (epoch: number, fromStep = 0): BatchPlan[] => {
    const batches = epochBatches(epoch);
    const views = data.views === 0 ? undefined : viewsOfEpoch(batches, epoch, data.views, viewSeed(seed));
    return planEpoch(batches, epoch, fromStep, views);
  };
}

/** Of the views that images have of their own: both phases see the same ones. */
export function viewSeed(seed: number): number {
  return deriveSeed(seed, 'views');
}

/** How the images of a phase are varied. */
export function viewsOf(phase: PhaseName, { data, classification, seed: own }: Recipe, seed: number): BatchOptions {
  return {
    augment: data.augment === 'none' ? null : data.augment,
    seed: data.views === 0 ? seed : viewSeed(own),
    mix: phase === 'classification' ? (classification?.mix ?? null) : null,
  };
}

/** Batches of as many classes as there are, where the recipe asks for more: a small set of photos trains, and it is said. */
export function withClassesThereAre(recipe: Recipe, { train }: Split, progress: Progress): Recipe {
  const { triplet } = recipe;
  const classes = train.classes.length;
  if (triplet === null || triplet.classesPerBatch <= classes) return recipe;
  progress.line(`batches of ${classes} classes instead of ${triplet.classesPerBatch} in the triplet phase: no more train`);
  return { ...recipe, triplet: { ...triplet, classesPerBatch: classes } };
}
