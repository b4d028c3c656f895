import { UserError } from '../errors.js';
import type { Dataset } from './dataset.js';
import { randomStream, shuffleInPlace } from './random.js';

/** Which classes are never trained on: every other of the sorted ones, or a seeded share of them. */
export type HeldOutRule = 'odd-classes' | 'even-classes' | 'share';

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
  readonly fold: { readonly of: number; readonly take: number } | null;
  readonly seed: number;
}

/** Some classes of a data set and all of their images. */
export interface Part {
  /** Class numbers of the data set, ascending. */
  readonly classes: readonly number[];
  /** Indices into the data set's samples, ascending. */
  readonly samples: Int32Array;
}

/** What is trained on, what chooses, and what gives the scores. No image is in two parts. */
export interface Split {
  /**
   * open: no class is in two parts, so every score tells of classes never seen. closed: what is held out are other images of
   * the classes that train, so a classifier can be scored on them.
   */
  readonly kind: 'open' | 'closed';
  readonly train: Part;
  /** Training classes kept back for choosing (checkpoint, shrinkage, what is exported). May be empty. */
  readonly validation: Part;
  readonly heldOut: Part;
}

/** A part needs two classes: with one, every image found is right and every answer is the same. */
const fewestClasses = 2;

/** All images of some classes. */
export function partOf(dataset: Dataset, classes: readonly number[]): Part {
  const wanted = new Set(classes);
  const samples: number[] = [];
  dataset.samples.forEach((sample, index) => {
    if (wanted.has(sample.class)) samples.push(index);
  });
  return { classes: [...classes].sort((a, b) => a - b), samples: Int32Array.from(samples) };
}

/**
 * Splits a data set by a rule.
 * @throws UserError where a part would hold too little to learn from, to choose by or to be scored on
 */
export function splitDataset(dataset: Dataset, rule: SplitRule): Split {
  switch (rule.by) {
    case 'class':
      return splitByClass(dataset, rule);
    case 'image':
    case 'group':
    case 'manifest':
      throw new Error(`a split by ${rule.by} is not made yet`);
  }
}

/**
 * Splits the sorted classes: even numbers train and odd ones are held out (`even-classes`: the other way round), then takes
 * a seeded share of the training classes for validation.
 * @throws UserError when a part would have fewer than two classes
 */
export function splitByClass(
  dataset: Dataset,
  options: { heldOut?: HeldOutRule; validation?: number; seed?: number } = {},
): Split {
  const { heldOut = 'odd-classes', validation = 0, seed = 0 } = options;
  if (heldOut === 'share') throw new Error('a share of the classes is not split yet');
  const heldOutParity = heldOut === 'odd-classes' ? 1 : 0;
  const numbers = dataset.classes.map((_, number) => number);
  const trainable = numbers.filter((number) => number % 2 !== heldOutParity);
  const held = numbers.filter((number) => number % 2 === heldOutParity);
  if (trainable.length < fewestClasses || held.length < fewestClasses) {
    throw new UserError({
      what: `${dataset.name} has too few classes to be split by class`,
      expected: 'at least 4 classes: two to train on and two to prove it on',
      found: `${dataset.classes.length} (${dataset.classes.join(', ')})`,
      mend: 'add a folder of images for each missing class',
    });
  }
  const kept = validationClasses(trainable, validation, seed);
  const keptSet = new Set(kept);
  return {
    kind: 'open',
    train: partOf(
      dataset,
      trainable.filter((number) => !keptSet.has(number)),
    ),
    validation: partOf(dataset, kept),
    heldOut: partOf(dataset, held),
  };
}

/**
 * A seeded share of the training classes, ascending. At least two where the share is above 0 (one class has nothing to be
 * told from), and at least two stay for training; where both are not possible, none is taken.
 */
export function validationClasses(trainClasses: readonly number[], share: number, seed: number): number[] {
  if (share <= 0 || trainClasses.length < 2 * fewestClasses) return [];
  const wanted = Math.max(fewestClasses, Math.round(share * trainClasses.length));
  const count = Math.min(wanted, trainClasses.length - fewestClasses);
  return shuffleInPlace([...trainClasses], randomStream(seed, 'validation'))
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** The class of each sample of a part, numbered 0 … classes − 1 within the part: the targets of its softmax. */
export function denseLabels(dataset: Dataset, part: Part): Int32Array {
  const dense = new Map(part.classes.map((number, position) => [number, position]));
  return part.samples.map((sample) => dense.get(dataset.samples[sample]?.class as number) as number);
}
