import type { Dataset, PartName, Sample } from './dataset.js';
import { counted, shortList } from './printable.js';
import type { Split } from './split-parts.js';

/** What a set of duplicates means. */
export type DuplicateMeaning =
  /** On two sides of the split: what is scored was trained on. */
  | 'leakage'
  /** Under two classes: one label is wrong. */
  | 'conflict'
  /** Of one class, on one side: the same thing counted twice. */
  | 'redundancy';

/** The part that each sample lies in, by index; undefined where it lies in none. */
export function partsOf(split: Split, samples: number): (PartName | undefined)[] {
  const parts = new Array<PartName | undefined>(samples).fill(undefined);
  for (const name of ['train', 'validation', 'heldOut'] as const) for (const sample of split[name].samples) parts[sample] = name;
  return parts;
}

/** Sets of samples whose files are equal byte by byte, in the order of their first files; each has two or more. */
export function exactDuplicates(dataset: Dataset): number[][] {
  const byContent = new Map<string, number[]>();
  dataset.samples.forEach((sample, index) => {
    const set = byContent.get(sample.sha256);
    if (set === undefined) byContent.set(sample.sha256, [index]);
    else set.push(index);
  });
  return [...byContent.values()].filter((set) => set.length > 1);
}

/** What a set of duplicates means; leakage weighs more than a conflict. Without a split there is no leakage to see. */
export function meaningOf(dataset: Dataset, set: readonly number[], parts: readonly (PartName | undefined)[]): DuplicateMeaning {
  // The validation part chooses, so its images must not be trained on either; held out against the other two above all.
  if (new Set(set.map((index) => parts[index]).filter((part) => part !== undefined)).size > 1) return 'leakage';
  if (new Set(set.map((index) => (dataset.samples[index] as Sample).class)).size > 1) return 'conflict';
  return 'redundancy';
}

/**
 * What a person should know of a split before it is trained on, one line a thing: its own notes, and equal files on two sides
 * of it. Cheap: nothing but the hashes that the data set has is looked at.
 */
export function describeSplit(dataset: Dataset, split: Split): string[] {
  const parts = partsOf(split, dataset.samples.length);
  const leaking = exactDuplicates(dataset).filter((set) => meaningOf(dataset, set, parts) === 'leakage');
  const lines = [...(split.notes ?? [])];
  if (leaking.length > 0) {
    const names = leaking.map((set) => set.map((index) => (dataset.samples[index] as Sample).file).join(' = '));
    lines.push(
      `${counted(leaking.length, 'image')} on two sides of the split, byte by byte equal, so the scores are too good: ${shortList(names, 3)}`,
    );
  }
  return lines;
}
