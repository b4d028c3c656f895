import { type Fault, UserError } from '../errors.js';
import type { Dataset } from './dataset.js';
import { shortList } from './printable.js';
import { deriveSeed, randomStream, shuffleInPlace } from './random.js';
import { type Fold, fewestClasses, type HeldOutRule, partOf, type Split } from './split-parts.js';

/** What of a rule a split by class looks at. */
export interface ClassRule {
  heldOut?: HeldOutRule;
  share?: number;
  fold?: Fold | null;
  validation?: number;
  seed?: number;
}

/**
 * Whole classes on each side, for retrieval. `odd-classes`: even numbers of the sorted classes train and odd ones are held out;
 * `even-classes`: the other way round; `share`: a seeded share of the classes is held out; a `fold`: one of k sets of classes
 * (see `foldsOfClasses`). Then a seeded share of the training classes is taken for validation.
 * @throws UserError when a part would have fewer than two classes
 */
export function splitByClass(dataset: Dataset, rule: ClassRule = {}): Split {
  const { validation = 0, seed = 0 } = rule;
  const { trainable, held } = sidesOf(dataset, rule);
  // Of k folds each has to do, also those that are not taken this time.
  const foldsTooSmall = rule.fold && dataset.classes.length < fewestClasses * rule.fold.of;
  if (trainable.length < fewestClasses || held.length < fewestClasses || foldsTooSmall)
    throw new UserError(tooFew(dataset, rule));
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

function sidesOf(dataset: Dataset, { heldOut = 'odd-classes', share = 0.2, fold = null, seed = 0 }: ClassRule) {
  const numbers = dataset.classes.map((_, number) => number);
  const held = new Set(heldOutClasses(numbers, heldOut, share, fold, seed, dataset));
  return { trainable: numbers.filter((number) => !held.has(number)), held: numbers.filter((number) => held.has(number)) };
}

function heldOutClasses(
  numbers: number[],
  heldOut: HeldOutRule,
  share: number,
  fold: Fold | null,
  seed: number,
  dataset: Dataset,
): number[] {
  if (fold !== null) {
    checkFold(fold);
    const sizes = new Int32Array(numbers.length);
    for (const sample of dataset.samples) sizes[sample.class] = (sizes[sample.class] as number) + 1;
    return foldsOfClasses(sizes, fold.of, seed)[fold.take] as number[];
  }
  switch (heldOut) {
    case 'odd-classes':
      return numbers.filter((number) => number % 2 === 1);
    case 'even-classes':
      return numbers.filter((number) => number % 2 === 0);
    case 'share':
      return shuffleInPlace(numbers.slice(), randomStream(deriveSeed(seed, 'held-out classes'), 'shuffle')).slice(
        0,
        shareOfClasses(numbers.length, share),
      );
  }
}

/** How many of the classes a share holds out: at least two, and two stay. */
export function shareOfClasses(classes: number, share: number): number {
  return Math.max(0, Math.min(Math.max(fewestClasses, Math.round(share * classes)), classes - fewestClasses));
}

/**
 * k folds of whole classes. Seeded order, then by falling number of images, dealt in rounds of k: the largest class of a round
 * goes to the fold that has the fewest images so far. So each fold has ⌊C/k⌋ or ⌈C/k⌉ classes (the first C mod k folds have
 * one more, whatever the sizes), and two folds differ by no more images than the largest class and the largest one of the last
 * round have together.
 * @param sizes images of each class
 */
export function foldsOfClasses(sizes: ArrayLike<number>, folds: number, seed: number): number[][] {
  const size = (number: number) => sizes[number] as number;
  const order = shuffleInPlace([...Array(sizes.length).keys()], randomStream(deriveSeed(seed, 'folds of classes'), 'shuffle'));
  order.sort((a, b) => size(b) - size(a));
  const dealt = Array.from({ length: folds }, () => ({ classes: [] as number[], images: 0 }));
  for (let first = 0; first < order.length; first += folds) {
    const round = order.slice(first, first + folds);
    // The last round may be short: its classes, the smallest, go to the first folds, so that the widths depend on C and k alone.
    const open = dealt.slice(0, round.length).sort((a, b) => a.images - b.images);
    round.forEach((number, place) => {
      const fold = open[place] as (typeof dealt)[number];
      fold.classes.push(number);
      fold.images += size(number);
    });
  }
  return dealt.map(({ classes }) => classes.sort((a, b) => a - b));
}

/** @throws UserError where the fold to take is none of those there are */
export function checkFold({ of, take }: Fold): void {
  if (take >= 0 && take < of) return;
  throw new UserError({
    what: 'there is no such fold',
    where: 'data.fold.take',
    expected: `0 to ${of - 1} (folds are numbered from 0)`,
    found: String(take),
  });
}

/** How many classes there must be for each part to have two. */
function tooFew(dataset: Dataset, { fold = null }: ClassRule): Fault {
  const least = fold === null ? 2 * fewestClasses : fewestClasses * fold.of;
  return {
    what: `${dataset.name} has too few classes to be split by class`,
    expected:
      fold === null
        ? 'at least 4 classes: two to train on and two to prove it on'
        : `at least ${least} classes for ${fold.of} folds: two in each`,
    found: `${dataset.classes.length} (${shortList(dataset.classes, 10)})`,
    mend:
      fold === null
        ? 'add a folder of images for each missing class, or split by image: --set data.split=image'
        : 'take fewer folds, or add a folder of images for each missing class',
  };
}

/**
 * A seeded share of the training classes, ascending. At least two where the share is above 0 (one class has nothing to be
 * told from), and at least two stay for training; where both are not possible, none is taken.
 */
export function validationClasses(trainClasses: readonly number[], share: number, seed: number): number[] {
  const count = validationClassCount(trainClasses.length, share);
  return shuffleInPlace([...trainClasses], randomStream(seed, 'validation'))
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** How many of so many training classes are kept for validation. */
export function validationClassCount(trainClasses: number, share: number): number {
  if (share <= 0 || trainClasses < 2 * fewestClasses) return 0;
  return Math.min(Math.max(fewestClasses, Math.round(share * trainClasses)), trainClasses - fewestClasses);
}
