import { UserError } from '../errors.js';
import { compareCodePoints, type Dataset, type Sample } from './dataset.js';
import { counted, shortList } from './printable.js';
import { deriveSeed, randomStream, shuffleInPlace } from './random.js';
import { checkFold } from './split-by-class.js';
import { equalNote, type ShareRule, stratify } from './split-by-image.js';
import { fewestClasses, kindOf, partOfSamples, type Split } from './split-parts.js';
import { nearestSubset } from './split-subset.js';
import { equalFiles, type Unit, unitsOf } from './split-units.js';

/** Above this share of images in groups of several classes, the groups are split as wholes and not class by class. */
const fewSpanning = 0.1;

/** Seeded orders that are tried where groups span classes. */
const tries = 64;

/**
 * Whole groups on each side (a person, a product, a video), never one on both; an image without a group is a group of its own,
 * and equal files join the groups that they lie in. Where groups lie within classes that have several, each class is split
 * as `splitByImage` does it. Where they span classes, or each is all of its class, the held-out images come as near to their
 * share as any choice of whole groups does; of 64 seeded choices the one is taken that leaves no class untrained, if there is
 * one, and keeps the classes' shares most equal. `kind` is open where no class came to lie on both sides.
 * @throws UserError where no image says its group, or a side would hold fewer than two classes
 */
export function splitByGroup(dataset: Dataset, rule: ShareRule): Split {
  const ungrouped = dataset.samples.filter((sample) => sample.group === undefined).length;
  if (ungrouped === dataset.samples.length) {
    throw new UserError({
      what: `${dataset.name} cannot be split by group: no image says its group`,
      expected: 'a table with a column `group` (a person, a product, a video)',
      mend: 'name a table with --data, or split otherwise: --set data.split=image',
    });
  }
  const units = unitsOf(dataset, true);
  const split = isWithinClasses(dataset, units) ? stratify(dataset, units, rule) : splitWholes(dataset, units, rule);
  checkSides(dataset, split, units.length);
  return { ...split, notes: notesOf(dataset, split, ungrouped) };
}

function isWithinClasses(dataset: Dataset, units: readonly Unit[]): boolean {
  const spanning = units.reduce((sum, unit) => sum + (unit.spans ? unit.samples.length : 0), 0);
  if (spanning > fewSpanning * dataset.samples.length) return false;
  // Where each class is one group, a split within classes would hold nothing out.
  return units.length - units.filter((unit) => unit.spans).length > dataset.classes.length;
}

function splitWholes(dataset: Dataset, units: readonly Unit[], { share, validation, fold, seed }: ShareRule): Split {
  if (fold !== null) checkFold(fold);
  const held =
    fold === null
      ? choose(dataset, units, share, seed, 'held-out groups')
      : new Set(foldsOfWholes(units, fold.of, seed)[fold.take]);
  const rest = units.filter((unit) => !held.has(unit));
  const kept = validation > 0 && rest.length > 1 ? choose(dataset, rest, validation, seed, 'validation groups') : new Set<Unit>();
  const part = (wanted: (unit: Unit) => boolean) =>
    partOfSamples(
      dataset,
      units.filter(wanted).flatMap(({ samples }) => samples),
    );
  const train = part((unit) => !held.has(unit) && !kept.has(unit));
  const validationPart = part((unit) => kept.has(unit));
  const heldOut = part((unit) => held.has(unit));
  return { kind: kindOf(train, validationPart, heldOut), train, validation: validationPart, heldOut };
}

function seeded(units: readonly Unit[], seed: number, purpose: string, attempt = 0): Unit[] {
  const sorted = [...units].sort((a, b) => compareCodePoints(a.name, b.name));
  const stream = randomStream(deriveSeed(seed, purpose), 'shuffle', attempt);
  return shuffleInPlace([...sorted.keys()], stream).map((place) => sorted[place] as Unit);
}

/** The best of the seeded choices: nearest to the share, then fewest classes untrained, then classes most equally held out. */
function choose(dataset: Dataset, units: readonly Unit[], share: number, seed: number, purpose: string): Set<Unit> {
  const images = units.reduce((sum, unit) => sum + unit.samples.length, 0);
  const target = Math.round(share * images);
  let best: { chosen: Unit[]; cost: number[] } | undefined;
  // One large set is searched once: the figures of many images differ little from choice to choice.
  const attempts = Math.max(1, Math.min(tries, Math.floor(4e7 / (units.length * (target + 1)))));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const order = seeded(units, seed, purpose, attempt);
    const sizes = order.map((unit) => unit.samples.length);
    const chosen = nearestSubset(sizes, target, 1, 1).map((place) => order[place] as Unit);
    const cost = costOf(dataset, units, chosen, share, target);
    if (best === undefined || isLess(cost, best.cost)) best = { chosen, cost };
  }
  return new Set(best?.chosen);
}

/** [distance from the target, classes held out partly or untrained, Σ (held − share · n)² / n over the classes]. */
function costOf(dataset: Dataset, units: readonly Unit[], chosen: readonly Unit[], share: number, target: number): number[] {
  const count = (of: readonly Unit[]) => {
    const counts = new Int32Array(dataset.classes.length);
    for (const { samples } of of) {
      for (const index of samples) {
        const { class: number } = dataset.samples[index] as Sample;
        counts[number] = (counts[number] as number) + 1;
      }
    }
    return counts;
  };
  const all = count(units);
  const held = count(chosen);
  const images = held.reduce((sum, value) => sum + value, 0);
  let untrained = 0;
  let uneven = 0;
  all.forEach((size, number) => {
    if (size === 0) return;
    if (held[number] === size) untrained++;
    uneven += ((held[number] as number) - share * size) ** 2 / size;
  });
  return [Math.abs(images - target), untrained, uneven];
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Folds of whole groups: the largest first, each to the fold that has the fewest images so far. */
function foldsOfWholes(units: readonly Unit[], folds: number, seed: number): Unit[][] {
  const dealt = Array.from({ length: folds }, () => ({ units: [] as Unit[], images: 0 }));
  for (const unit of seeded(units, seed, 'folds of groups').sort((a, b) => b.samples.length - a.samples.length)) {
    const fold = dealt.reduce((least, other) => (other.images < least.images ? other : least));
    fold.units.push(unit);
    fold.images += unit.samples.length;
  }
  return dealt.map((fold) => fold.units);
}

function checkSides(dataset: Dataset, { train, heldOut }: Split, groups: number): void {
  if (train.classes.length >= fewestClasses && heldOut.classes.length >= fewestClasses) return;
  throw new UserError({
    what: `${dataset.name} has too few groups to be split by group`,
    expected: 'groups of at least two classes on each side',
    found: `${counted(groups, 'group')} in ${counted(dataset.classes.length, 'class')}; ${train.classes.length} would train and ${heldOut.classes.length} be held out`,
    mend: 'add groups, or split otherwise: --set data.split=image',
  });
}

function notesOf(dataset: Dataset, { kind, train, heldOut }: Split, ungrouped: number): string[] {
  const notes: string[] = [];
  if (ungrouped > 0) notes.push(`${counted(ungrouped, 'image')} without a group: each is a group of its own`);
  const equal = equalFiles(dataset);
  if (equal > 0) notes.push(equalNote(equal));
  const trained = new Set(train.classes);
  const untrained = heldOut.classes.filter((number) => !trained.has(number));
  if (kind === 'closed' && untrained.length > 0) {
    const names = untrained.map((number) => dataset.classes[number] as string);
    notes.push(
      `${counted(untrained.length, 'held-out class')} without a training image, because all groups lie on one side: ${shortList(names, 3)}`,
    );
  }
  return notes;
}
