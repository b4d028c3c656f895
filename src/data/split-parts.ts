import type { Dataset, Sample } from './dataset.js';

/** Which classes are never trained on: every other of the sorted ones, or a seeded share of them. */
export type HeldOutRule = 'odd-classes' | 'even-classes' | 'share';

/** One of `of` folds, numbered from 0, is held out. */
export interface Fold {
  readonly of: number;
  readonly take: number;
}

/** How a data set is split. */
export interface SplitRule {
  /** What stays whole: a class, an image, a group; or what the images' own table says. */
  readonly by: 'class' | 'image' | 'group' | 'manifest';
  /** For a split by class alone. */
  readonly heldOut: HeldOutRule;
  /** Of the classes (where `heldOut` is 'share'), of each class's images, or of the groups. */
  readonly share: number;
  /** Share of the training part that is kept for choosing. */
  readonly validation: number;
  /** One of `of` folds is held out in place of `heldOut`. */
  readonly fold: Fold | null;
  readonly seed: number;
}

/** Some classes of a data set and images of them. */
export interface Part {
  /** Class numbers of the data set that have an image in this part, ascending. */
  readonly classes: readonly number[];
  /** Indices into the data set's samples, ascending. */
  readonly samples: Int32Array;
}

/** What is trained on, what chooses, and what gives the scores. No image is in two parts. */
export interface Split {
  /**
   * open: no class is both trained on and held out, so every score tells of classes never seen. closed: what is held out are
   * other images of the classes that train, so a classifier can be scored on them.
   */
  readonly kind: 'open' | 'closed';
  readonly train: Part;
  /** Training classes (open) or images (closed) kept back for choosing: checkpoint, shrinkage, what is exported. May be empty. */
  readonly validation: Part;
  readonly heldOut: Part;
  /** What a person should know of how it came out, one line a thing. */
  readonly notes?: readonly string[];
}

/** A part needs two classes: with one, every image found is right and every answer is the same. */
export const fewestClasses = 2;

/** All images of some classes. */
export function partOf(dataset: Dataset, classes: readonly number[]): Part {
  const wanted = new Set(classes);
  const samples: number[] = [];
  dataset.samples.forEach((sample, index) => {
    if (wanted.has(sample.class)) samples.push(index);
  });
  return { classes: [...classes].sort((a, b) => a - b), samples: Int32Array.from(samples) };
}

/** Some images, and the classes that they have. */
export function partOfSamples(dataset: Dataset, samples: Iterable<number>): Part {
  const sorted = Int32Array.from(samples).sort();
  const classes = new Set<number>();
  for (const sample of sorted) classes.add((dataset.samples[sample] as Sample).class);
  return { classes: [...classes].sort((a, b) => a - b), samples: sorted };
}

/** open where no class is on both sides of the border between what is seen before the scores and what gives them. */
export function kindOf(train: Part, validation: Part, heldOut: Part): Split['kind'] {
  const seen = new Set([...train.classes, ...validation.classes]);
  return heldOut.classes.some((number) => seen.has(number)) ? 'closed' : 'open';
}

/** The class of each sample of a part, numbered 0 … classes − 1 within the part: the targets of its softmax. */
export function denseLabels(dataset: Dataset, part: Part): Int32Array {
  const dense = new Map(part.classes.map((number, position) => [number, position]));
  return part.samples.map((sample) => dense.get(dataset.samples[sample]?.class as number) as number);
}
