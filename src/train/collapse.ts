/** Recognises a network that gives the same answer to everything, while there is time to do something about it. */
import type { DistanceName } from '../losses/distances.js';

export type CollapseSign = 'distances' | 'features' | 'chance' | 'rank';

/** What has collapsed, and how it was seen. */
export interface Collapse {
  readonly sign: CollapseSign;
  /** The figure that tells it: mean d(a,n), spread of the features, loss, or effective rank. */
  readonly value: number;
  /** Steps in a row that showed it; for 'rank' and 'chance' those of the epoch. */
  readonly steps: number;
  /** From 1. */
  readonly epoch: number;
  /** Of the phase, from 1. */
  readonly step: number;
}

/** What a phase is held to. */
export interface CollapseWatch {
  /** Of the triplet loss; null where there is none. */
  readonly margin: number | null;
  readonly distance: DistanceName;
  /** Outputs of the classifier; null where there is none. */
  readonly classes: number | null;
}

/** Steps in a row that have to look collapsed; in a shorter epoch, all of its steps. */
const STEPS = 8;
/**
 * Euclidean distance of unit vectors below which two of them count as one; a fortieth of the margin, where that is less. Images
 * that hardly differ come near 0.02 in a sound network, and a collapse goes on towards 0.
 */
const NEAR = 0.005;
/** Half the mean squared distance of unit vectors that are NEAR each other. */
const LEAST_SPREAD = NEAR ** 2 / 2;
/** A line has effective rank 1. */
export const LEAST_RANK = 1.1;
/** How near, as a share, a loss has to stay to log(classes), and how many steps an epoch needs for that to tell anything. */
const NEAR_CHANCE = 0.005;
const STEPS_TO_TELL_CHANCE = 20;

/**
 * Whether one step looks collapsed. With triplets: the mean distance of different classes is next to nothing, so that the loss
 * can only be the margin (semi-hard then finds no triplet at all). In any phase: all images of the batch have the same features.
 */
export function looksCollapsed(
  figures: Readonly<Record<string, number>>,
  watch: CollapseWatch,
): { sign: 'distances' | 'features'; value: number } | null {
  const { negative, spread } = figures;
  if (watch.margin !== null && negative !== undefined) {
    const near = Math.min(NEAR, watch.margin / 40);
    if (euclidean(negative, watch.distance) < near) return { sign: 'distances', value: negative };
  }
  return spread !== undefined && spread < LEAST_SPREAD ? { sign: 'features', value: spread } : null;
}

/** Steps in a row after which a collapse is certain. */
export function stepsToTell(stepsPerEpoch: number): number {
  return Math.min(STEPS, stepsPerEpoch);
}

/**
 * What a whole epoch tells: embeddings along one line (effective rank 1), or a classifier that is, after its first epoch, still
 * at the loss log(classes) of an even guess. No rank is given where the images looked so before the phase.
 */
export function collapsedEpoch(
  summary: { epoch: number; steps: number; figures: Readonly<Record<string, number>> },
  effectiveRank: number | null,
  { classes }: CollapseWatch,
): { sign: 'rank' | 'chance'; value: number } | null {
  if (effectiveRank !== null && effectiveRank < LEAST_RANK) return { sign: 'rank', value: effectiveRank };
  const { loss, accuracy } = summary.figures;
  if (classes === null || loss === undefined || summary.epoch === 1 || summary.steps < STEPS_TO_TELL_CHANCE) return null;
  const chance = Math.log(classes);
  const stuck = Math.abs(loss - chance) < NEAR_CHANCE * chance && (accuracy ?? 0) < 2 / classes;
  return stuck ? { sign: 'chance', value: loss } : null;
}

/** Thrown out of the loop of a phase; what is done about it is the recipe's choice. */
export class Collapsed extends Error {
  constructor(readonly collapse: Collapse) {
    super(`the network has collapsed (${collapse.sign})`);
    this.name = 'Collapsed';
  }
}

/** A mean distance as the euclidean one of unit vectors that it stands for (of a mean of squares: the root). */
function euclidean(distance: number, name: DistanceName): number {
  switch (name) {
    case 'euclidean':
      return distance;
    case 'squared-euclidean':
      return Math.sqrt(distance);
    case 'cosine':
      return Math.sqrt(2 * distance);
  }
}
