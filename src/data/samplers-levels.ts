import { UserError, unknownName } from '../errors.js';
import type { Dataset } from './dataset.js';
import type { Part } from './split.js';

/**
 * The coarser level of every class of a part, as whole numbers by the class's number in the data set. `level` names the column of the
 * images' table; null: the only one that there is.
 * @throws UserError where the images have no such level, or a class has none or two of them, or all classes have the same
 */
export function levelsOfClasses(dataset: Dataset, part: Part, level: string | null): ReadonlyMap<number, number> {
  const name = level ?? onlyLevel(dataset, part);
  const ofClass = new Map<number, string>();
  for (const index of part.samples) {
    const sample = dataset.samples[index] as Dataset['samples'][number];
    const value = sample.levels?.[name];
    const className = dataset.classes[sample.class] as string;
    if (value === undefined) throw missing(dataset, part, name, sample.file);
    const before = ofClass.get(sample.class);
    if (before !== undefined && before !== value) {
      throw new UserError({
        what: `the images of the class ${className} do not agree on their ${name}`,
        where: 'triplet.level',
        expected: `one ${name} for all images of a class`,
        found: `${before} and ${value}`,
        mend: 'take a column that is coarser than the class, or --set triplet.sampler=cover',
      });
    }
    ofClass.set(sample.class, value);
  }
  const numbers = new Map([...new Set(ofClass.values())].sort().map((value, number) => [value, number]));
  if (numbers.size < 2) {
    throw new UserError({
      what: `all training classes have the same ${name}: nothing is gained by drawing them together`,
      where: 'triplet.level',
      mend: '--set triplet.sampler=cover',
    });
  }
  return new Map([...ofClass].map(([number, value]) => [number, numbers.get(value) as number]));
}

function levelNames(dataset: Dataset, part: Part): string[] {
  const names = new Set<string>();
  for (const index of part.samples) for (const name of Object.keys(dataset.samples[index]?.levels ?? {})) names.add(name);
  return [...names].sort();
}

function onlyLevel(dataset: Dataset, part: Part): string {
  const names = levelNames(dataset, part);
  if (names.length === 1) return names[0] as string;
  if (names.length === 0) throw none();
  throw new UserError({
    what: 'the images have several levels above the class',
    where: 'triplet.level',
    expected: `one of ${names.join(', ')}`,
    mend: `--set triplet.level=${names[0]}`,
  });
}

function missing(dataset: Dataset, part: Part, name: string, file: string): UserError {
  const names = levelNames(dataset, part);
  if (names.length === 0) return none();
  if (!names.includes(name)) return new UserError(unknownName(name, names, 'level', 'triplet.level'));
  return new UserError({ what: `${file} has no ${name}`, where: 'triplet.level', mend: 'fill that column of the table in' });
}

function none(): UserError {
  return new UserError({
    what: 'the hierarchical sampler needs a level above the class, and the images have none',
    where: 'triplet.sampler',
    expected: 'a table with a further column, e.g. file,class,coarse',
    mend: '--set triplet.sampler=cover',
  });
}
