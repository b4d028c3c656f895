import type { Dataset, PartName, Sample } from '../data/dataset.js';
import type { FoundImage } from './findings.js';

/** Names samples for a report; `parts` is the part of each, by index. */
export type NameImages = (samples: readonly number[]) => FoundImage[];

export function namesOf(dataset: Dataset, parts: readonly (PartName | undefined)[]): NameImages {
  return (samples) =>
    samples.map((index) => {
      const { file, class: number, path } = dataset.samples[index] as Sample;
      return { file, class: dataset.classes[number] as string, part: parts[index] ?? null, path };
    });
}
