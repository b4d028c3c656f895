import { sharedAcrossClasses, singleImageClasses } from '../data/dataset.js';
import type { Part } from '../data/split.js';
import { writeFileAtomic } from '../runtime/folders.js';
import type { RunFolder } from '../train/run-folder.js';
import type { Workbench } from './workbench.js';

/** A held-out image of a run: the images of `evaluation/*.npy`, in the order of their rows. */
export interface HeldOutImage {
  /** Its name inside the data set. */
  readonly file: string;
  readonly class: string;
  /** Where it lay when the run was made. */
  readonly path: string;
}

/** What a run says of its images (`data.json`). */
export interface DataRecord {
  readonly name: string;
  readonly classes: number;
  readonly images: number;
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
  readonly singleImageClasses: readonly string[];
  /** Equal files whose classes differ. */
  readonly sharedAcrossClasses: readonly (readonly string[])[];
  readonly split: {
    readonly by: string;
    readonly kind: 'open' | 'closed';
    readonly parts: Readonly<Record<'train' | 'validation' | 'heldOut', { readonly classes: number; readonly images: number }>>;
  };
}

/** Writes what the run is about before it trains: its images, which of them are held out, and its plans. */
export async function writeRecord({ recipe, decoded, split, plans }: Workbench, folder: RunFolder): Promise<void> {
  const { dataset } = decoded;
  const size = ({ classes, samples }: Part) => ({ classes: classes.length, images: samples.length });
  const record: DataRecord = {
    name: dataset.name,
    classes: dataset.classes.length,
    images: dataset.samples.length,
    skipped: dataset.skipped,
    singleImageClasses: singleImageClasses(dataset),
    sharedAcrossClasses: sharedAcrossClasses(dataset).map((group) =>
      group.map((index) => dataset.samples[index]?.file as string),
    ),
    split: {
      by: recipe.data.split,
      kind: split.kind,
      parts: { train: size(split.train), validation: size(split.validation), heldOut: size(split.heldOut) },
    },
  };
  const heldOut = Array.from(split.heldOut.samples, (index) => {
    const { file, class: number, path } = dataset.samples[index] as (typeof dataset.samples)[number];
    return `${JSON.stringify({ file, class: dataset.classes[number] as string, path } satisfies HeldOutImage)}\n`;
  });
  await folder.writeJson('data.json', record);
  await folder.writeJson('plan.json', Object.fromEntries(plans));
  await writeFileAtomic(folder.file('evaluation', 'held-out.jsonl'), heldOut.join(''));
}
