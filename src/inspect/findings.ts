import type { PartName } from '../data/dataset.js';

/** What can be wrong with a set of images, the gravest first. */
export const findingKinds = [
  'leakage',
  'label-conflict',
  'damaged',
  'wrong-label',
  'single-image',
  'few-images',
  'imbalance',
  'redundancy',
  'uniform',
  'dark',
  'small',
  'proportions',
  'grey',
] as const;
export type FindingKind = (typeof findingKinds)[number];

/** An image as a report names it. */
export interface FoundImage {
  readonly file: string;
  readonly class: string | null;
  readonly part: PartName | null;
  /** Where it lies; null where that is not known. */
  readonly path: string | null;
}

/** One case of a finding: an image, a set of images, or a class. */
export interface FoundCase {
  /** What is particular of this case, e.g. `0.97 alike` or `likelier Apple`. */
  readonly note: string;
  readonly images: readonly FoundImage[];
}

/** What was found, why it matters and what to do; `cases` the worst first. */
export interface Finding {
  readonly kind: FindingKind;
  /** One line with the number of cases. */
  readonly what: string;
  readonly why: string;
  readonly mend: string;
  readonly cases: readonly FoundCase[];
}

/** Why each kind matters, and what to do about it. */
export const advice: Readonly<Record<FindingKind, { readonly why: string; readonly mend: string }>> = {
  leakage: {
    why: 'the scores are taken on images that were trained on, so they are better than the model',
    mend: 'keep one of each set, give the set one group and split by group, or split by image (equal files stay together)',
  },
  'label-conflict': {
    why: 'the same picture under two classes teaches that they are one; at least one label is wrong',
    mend: 'delete the copies whose class is wrong; of nearly equal ones leave those whose classes do look alike',
  },
  damaged: {
    why: 'these files are left out of training and of every score',
    mend: 'mend, convert or delete them',
  },
  'wrong-label': {
    why: 'a wrong label pulls its image away from those it belongs to, and costs more than a missing image',
    mend: 'look at them, the first ones first; move those that are wrong, leave those that are merely hard',
  },
  'single-image': {
    why: 'nothing can be retrieved for such a class, and its only positive in a triplet is the same image again',
    mend: 'add images, or put the class into a similar one',
  },
  'few-images': {
    why: 'with 2 or 3 images a class says little of itself, and its score is chance',
    mend: 'add images; 4 or more a class train well',
  },
  imbalance: {
    why: 'a classifier leans towards the large classes, and plain means of images hide the small ones',
    mend: 'add images to the small classes, or draw classes equally often (classification.sampler); batches of P classes × K images do so already',
  },
  redundancy: {
    why: 'a thing counted several times weighs more than another, and looks like more data than there is',
    mend: 'keep the best one of each set; a burst or a film wants a group, and a split by group',
  },
  uniform: { why: 'there is next to nothing to see: a blank page, a covered lens', mend: 'delete them' },
  dark: { why: 'almost black: the network sees noise', mend: 'brighten or delete them' },
  small: {
    why: 'they are enlarged to what the network sees, so they lack what the others show',
    mend: 'replace them by larger ones, or train at a smaller side',
  },
  proportions: {
    why: 'images are stretched to a square: these are distorted otherwise than the others',
    mend: 'crop them, or cut panoramas into pieces',
  },
  grey: {
    why: 'grey among colour: another camera or a scan, which the network may learn in place of the thing',
    mend: 'replace them, or train with more grey views (data.augment)',
  },
};

/** A finding where there are cases, with the advice of its kind; none otherwise. */
export function finding(kind: FindingKind, cases: readonly FoundCase[], what: string): Finding[] {
  return cases.length === 0 ? [] : [{ kind, what, ...advice[kind], cases }];
}
