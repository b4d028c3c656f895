import { createHash } from 'node:crypto';

/** One image on disk. */
export interface Sample {
  /** Path inside the data set, with '/', e.g. `cat/001.jpg`: its name in every report. */
  readonly file: string;
  /** Index into the data set's classes. */
  readonly class: number;
  /** Where it lies on this machine. */
  readonly path: string;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
  /** What must stay on one side of a split (a person, a product, a video), where the images say so. */
  readonly group?: string;
  /** The part that the images' own table puts it into. */
  readonly part?: PartName;
  /** Further label levels by the names of their columns, e.g. `{ coarse: 'Apple' }`. */
  readonly levels?: Readonly<Record<string, string>>;
}

/** The parts of a split. */
export type PartName = 'train' | 'validation' | 'heldOut';

/** A file that looks like an image of the set and could not be used. */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

/** Files that are no images, or images that the set's own list leaves out: counted by kind, never an error. */
export interface PassedOver {
  /** e.g. `.txt file`, `hidden file`, `image that the table does not name`. */
  readonly kind: string;
  readonly count: number;
  /** One of them. */
  readonly example: string;
}

/** What a reader noticed on the way. */
export interface Remarks {
  readonly passedOver: readonly PassedOver[];
  /** Sentences for a person: which table was read, which rows name an image twice. */
  readonly notes: readonly string[];
}

/** Labelled images. Nothing here holds pixels. */
export interface Dataset {
  readonly name: string;
  /** Sorted by code point, as Python's `sorted()` does, so that a split by class is the same in both languages. */
  readonly classes: readonly string[];
  /** Sorted by `file`, by code point. */
  readonly samples: readonly Sample[];
  readonly skipped: readonly Skipped[];
  readonly remarks?: Remarks;
  /** SHA-256 over classes, names and contents: two sets with the same one hold the same labelled images. */
  readonly fingerprint: string;
}

/** Order by Unicode code point. JavaScript's own order compares UTF-16 units: it puts 😀 (U+1F600) before U+FB01. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above every other unit. Two different surrogates compare as their units do.
    if (x >= 0xd800 && x <= 0xdfff) x += 0x10000;
    if (y >= 0xd800 && y <= 0xdfff) y += 0x10000;
    return x - y;
  }
  return a.length - b.length;
}

/** An image as a reader finds it: its class by name. */
export type LabelledImage = Omit<Sample, 'class'> & { readonly className: string };

/** Sorts a list in place by a text of each item, by code point. */
export function sortByCodePoints<T>(items: T[], textOf: (item: T) => string): T[] {
  // Units sort as code points do unless a surrogate meets a unit above it. Without either, the engine's own comparison is
  // right, and several times faster: it matters for a million names that begin alike.
  const plain = items.every((item) => !/[\ud800-\uffff]/.test(textOf(item)));
  if (!plain) return items.sort((a, b) => compareCodePoints(textOf(a), textOf(b)));
  return items.sort((a, b) => {
    const x = textOf(a);
    const y = textOf(b);
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

/**
 * Sorts images and classes, numbers the classes, and computes the fingerprint. A class is there if an image is.
 */
export function createDataset(
  name: string,
  images: readonly LabelledImage[],
  skipped: readonly Skipped[],
  remarks?: Remarks,
): Dataset {
  const classes = sortByCodePoints([...new Set(images.map((image) => image.className))], (className) => className);
  const numbers = new Map(classes.map((className, number) => [className, number]));
  const sorted = sortByCodePoints([...images], (image) => image.file);
  const hash = createHash('sha256');
  const samples = sorted.map(({ className, file, path, sha256, group, part, levels }): Sample => {
    hash.update(`${className}\0${file}\0${sha256}\n`);
    // Beside the class only where a table gives it: class folders keep the fingerprint that they always had.
    const labelled = group !== undefined || part !== undefined || levels !== undefined;
    if (labelled) hash.update(JSON.stringify([group, part, levels]));
    const sample = { file, class: numbers.get(className) as number, path, sha256 };
    return labelled
      ? {
          ...sample,
          ...(group === undefined ? {} : { group }),
          ...(part === undefined ? {} : { part }),
          ...(levels === undefined ? {} : { levels }),
        }
      : sample;
  });
  return {
    name,
    classes,
    samples,
    skipped: sortByCodePoints([...skipped], (item) => item.file),
    fingerprint: hash.digest('hex'),
    ...(remarks === undefined ? {} : { remarks }),
  };
}

/** The data set without the images that `unreadable` names; a class that loses its last image is gone too. */
export function withoutUnreadable(dataset: Dataset, unreadable: readonly Skipped[]): Dataset {
  if (unreadable.length === 0) return dataset;
  const gone = new Set(unreadable.map((item) => item.file));
  const images = dataset.samples
    .filter((sample) => !gone.has(sample.file))
    .map(({ class: number, ...image }) => ({ ...image, className: dataset.classes[number] as string }));
  return createDataset(dataset.name, images, [...dataset.skipped, ...unreadable], dataset.remarks);
}

/** The class of every sample. */
export function labelsOf(dataset: Dataset): Int32Array {
  return Int32Array.from(dataset.samples, (sample) => sample.class);
}

/** Classes with a single image: nothing can be retrieved for it, and a triplet's positive is the same image again. */
export function singleImageClasses(dataset: Dataset): string[] {
  const counts = new Int32Array(dataset.classes.length);
  for (const sample of dataset.samples) counts[sample.class] = (counts[sample.class] as number) + 1;
  return dataset.classes.filter((_, number) => counts[number] === 1);
}

/** Groups of samples, by index, whose files are equal byte by byte although their classes differ: a wrong label, or a leak. */
export function sharedAcrossClasses(dataset: Dataset): number[][] {
  const byContent = new Map<string, number[]>();
  dataset.samples.forEach((sample, index) => {
    const group = byContent.get(sample.sha256);
    if (group === undefined) byContent.set(sample.sha256, [index]);
    else group.push(index);
  });
  return [...byContent.values()].filter((group) => new Set(group.map((index) => dataset.samples[index]?.class)).size > 1);
}
