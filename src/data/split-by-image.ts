import { UserError } from '../errors.js';
import type { Dataset } from './dataset.js';
import { counted, shortList } from './printable.js';
import { checkFold } from './split-by-class.js';
import { type Fold, fewestClasses, kindOf, partOfSamples, type Split } from './split-parts.js';
import { shuffledByClass, takeFold, takeShare } from './split-stratified.js';
import { equalFiles, type Unit, unitsOf } from './split-units.js';

/** What of a rule a stratified split looks at. */
export interface ShareRule {
  readonly share: number;
  readonly validation: number;
  readonly fold: Fold | null;
  readonly seed: number;
}

/**
 * Stratified by image, for classification: of each class its share is held out, by the largest remainder, and of what is left
 * its share is kept for validation. Every class that has two different images is on both sides; the only image of a class
 * trains. Files that are equal byte by byte stay together; where they contradict each other's class they train, so that no
 * score hangs on a wrong label.
 * @throws UserError where nothing can be held out, or there is only one class
 */
export function splitByImage(dataset: Dataset, rule: ShareRule): Split {
  const { train, validation, heldOut } = stratify(dataset, unitsOf(dataset, false), rule);
  return { kind: 'closed', train, validation, heldOut, notes: notesOf(dataset, heldOut.classes) };
}

/** Splits units that lie within one class each, class by class; those that span classes train. */
export function stratify(dataset: Dataset, units: readonly Unit[], rule: ShareRule): Split {
  const { share, validation: validationShare, fold, seed } = rule;
  if (fold !== null) checkFold(fold);
  const within = units.filter((unit) => !unit.spans);
  const byClass = shuffledByClass(dataset, within, seed, 'held-out images');
  const held = new Set(fold === null ? takeShare(byClass, share, 1) : takeFold(byClass, fold.of, fold.take));
  if (dataset.classes.length < fewestClasses || held.size === 0) throw new UserError(nothingHeldOut(dataset));
  const rest = within.filter((unit) => !held.has(unit));
  const kept = new Set(
    validationShare > 0 ? takeShare(shuffledByClass(dataset, rest, seed, 'validation images'), validationShare, 0) : [],
  );
  const part = (wanted: (unit: Unit) => boolean) =>
    partOfSamples(
      dataset,
      units.filter(wanted).flatMap(({ samples }) => samples),
    );
  const train = part((unit) => !held.has(unit) && !kept.has(unit));
  const validation = part((unit) => kept.has(unit));
  const heldOut = part((unit) => held.has(unit));
  return { kind: kindOf(train, validation, heldOut), train, validation, heldOut };
}

function nothingHeldOut(dataset: Dataset) {
  return {
    what: `${dataset.name} cannot be split by image`,
    expected: 'two classes or more, and two different images in at least one of them',
    found: `${counted(dataset.classes.length, 'class')}, ${counted(dataset.samples.length, 'image')}, ${counted(equalFiles(dataset), 'equal file')}`,
    mend: 'add images: every class needs one to learn from and one to be scored on',
  };
}

function notesOf(dataset: Dataset, heldOutClasses: readonly number[]): string[] {
  const notes: string[] = [];
  const scored = new Set(heldOutClasses);
  const unscored = dataset.classes.filter((_, number) => !scored.has(number));
  if (unscored.length > 0) {
    notes.push(
      `${counted(unscored.length, 'class')} without a held-out image, because there is nothing to spare: ${shortList(unscored, 3)}`,
    );
  }
  const equal = equalFiles(dataset);
  if (equal > 0) notes.push(equalNote(equal));
  return notes;
}

/** Says that equal files were kept from leaking. */
export function equalNote(equal: number): string {
  return `${counted(equal, 'file')} equal to another byte by byte: kept on one side of the split`;
}
