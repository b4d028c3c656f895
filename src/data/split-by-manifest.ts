import { type Fault, UserError } from '../errors.js';
import type { Dataset, PartName, Sample } from './dataset.js';
import { counted, shortList } from './printable.js';
import { checkFold, validationClasses } from './split-by-class.js';
import type { ShareRule } from './split-by-image.js';
import { type Fold, fewestClasses, kindOf, type Part, partOfSamples, type Split } from './split-parts.js';
import { shuffledByClass, takeShare } from './split-stratified.js';
import { unitsOf } from './split-units.js';

/** The label level that holds the number of an image's fold, as `ft data split --folds` writes it. */
export const foldLevel = 'fold';

/**
 * As the images' own table says: its column `split`, or where a `fold` is taken its column `fold`. Where the table has no
 * validation part, `validation` of the training part is drawn: whole classes where the held-out classes are others, else
 * stratified by image (whole groups, equal files together). Equal files on two sides are left as the table has them, and
 * `describeSplit` says so.
 * @throws UserError where images are in no part, or a part holds too little
 */
export function splitByManifest(dataset: Dataset, rule: ShareRule): Split {
  const parts = rule.fold === null ? statedParts(dataset) : foldParts(dataset, rule.fold);
  const of = (wanted: PartName) => {
    const samples: number[] = [];
    parts.forEach((part, index) => {
      if (part === wanted) samples.push(index);
    });
    return partOfSamples(dataset, samples);
  };
  const heldOut = of('heldOut');
  let train = of('train');
  let validation = of('validation');
  checkParts(dataset, train, heldOut);
  if (validation.samples.length === 0 && rule.validation > 0)
    ({ train, validation } = drawValidation(dataset, train, heldOut, rule));
  return { kind: kindOf(train, validation, heldOut), train, validation, heldOut };
}

function statedParts(dataset: Dataset): PartName[] {
  const missing = dataset.samples.filter((sample) => sample.part === undefined);
  if (missing.length > 0) throw new UserError(withoutPart(dataset, missing));
  return dataset.samples.map((sample) => sample.part as PartName);
}

function withoutPart(dataset: Dataset, missing: readonly Sample[]): Fault {
  if (missing.length < dataset.samples.length) {
    return {
      what: `${counted(missing.length, 'image')} of ${dataset.name} in no part of the split`,
      where: shortList(
        missing.map((sample) => sample.file),
        3,
      ),
      expected: 'train, validation or test in the column `split` of every row',
      mend: 'fill the column in, or take the rows out of the table',
    };
  }
  const hasFolds = missing.every((sample) => sample.levels?.[foldLevel] !== undefined);
  return {
    what: `${dataset.name} cannot be split as its table says`,
    expected: 'a table with a column `split`: train, validation or test',
    found: hasFolds ? 'a column `fold`' : 'no image that says its part',
    mend: hasFolds
      ? "say which fold is held out: --set 'data.fold={of: K, take: 0}'"
      : 'ft data split FOLDER --by class --out splits.csv writes one; then --data splits.csv',
  };
}

/** A row without a fold trains whichever fold is taken: the only image of its class, or copies that contradict each other. */
function foldParts(dataset: Dataset, fold: Fold): PartName[] {
  checkFold(fold);
  const texts = dataset.samples.map((sample) => sample.levels?.[foldLevel]?.trim() ?? '');
  const numbers = texts.filter((text) => /^\d+$/.test(text)).map(Number);
  const others = texts.filter((text) => text !== '' && !/^\d+$/.test(text));
  const most = numbers.reduce((largest, number) => Math.max(largest, number), -1);
  if (others.length > 0 || most !== fold.of - 1) {
    throw new UserError({
      what: `the table of ${dataset.name} does not have these folds`,
      where: 'data.fold',
      expected: `a column \`${foldLevel}\` with 0 to ${fold.of - 1}`,
      found: others.length > 0 ? shortList([...new Set(others)], 3) : most < 0 ? 'no such column' : `0 to ${most}`,
      mend: `ft data split FOLDER --folds ${fold.of} --out splits.csv writes one`,
    });
  }
  return texts.map((text) => (text !== '' && Number(text) === fold.take ? 'heldOut' : 'train'));
}

function checkParts(dataset: Dataset, train: Part, heldOut: Part): void {
  const faults = (
    [
      ['train', train],
      ['test', heldOut],
    ] as const
  )
    .filter(([, part]) => part.classes.length < fewestClasses)
    .map(([name, part]) => ({
      what: `the part ${name} of ${dataset.name} holds too little`,
      expected: 'images of at least two classes',
      found: `${counted(part.samples.length, 'image')} of ${counted(part.classes.length, 'class')}`,
      mend: 'look at the column `split` of the table',
    }));
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
}

function drawValidation(dataset: Dataset, train: Part, heldOut: Part, rule: ShareRule): { train: Part; validation: Part } {
  const inTrain = new Set(train.samples);
  let kept: Set<number>;
  if (kindOf(train, { classes: [], samples: new Int32Array() }, heldOut) === 'open') {
    const classes = new Set(validationClasses(train.classes, rule.validation, rule.seed));
    kept = new Set(train.samples.filter((sample) => classes.has((dataset.samples[sample] as Sample).class)));
  } else {
    const units = unitsOf(dataset, true)
      .map((unit) => ({ ...unit, samples: unit.samples.filter((sample) => inTrain.has(sample)) }))
      .filter((unit) => unit.samples.length > 0 && !unit.spans);
    const drawn = takeShare(shuffledByClass(dataset, units, rule.seed, 'validation images'), rule.validation, 0);
    kept = new Set(drawn.flatMap((unit) => unit.samples));
  }
  return {
    train: partOfSamples(
      dataset,
      train.samples.filter((sample) => !kept.has(sample)),
    ),
    validation: partOfSamples(dataset, kept),
  };
}
