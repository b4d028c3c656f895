import type { Dataset, Sample } from './dataset.js';

/** Images that must stay on one side of a split. */
export interface Unit {
  /** A name that does not depend on the order of files: its first file, or its group. */
  readonly name: string;
  /** Indices into the data set's samples, ascending. */
  readonly samples: readonly number[];
  /** Whether the images have more than one class between them. */
  readonly spans: boolean;
}

/**
 * The units of a data set, in the order of their first files: images that are equal byte by byte belong together, since one of
 * them in training tells the answer to the other, and so do images of one group where `groups` is set. Belonging is
 * transitive.
 */
export function unitsOf(dataset: Dataset, groups: boolean): Unit[] {
  const { samples } = dataset;
  const parent = Int32Array.from(samples.keys());
  const root = (index: number): number => {
    let at = index;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number;
      at = parent[at] as number;
    }
    return at;
  };
  const first = new Map<string, number>();
  const join = (key: string, index: number) => {
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, index);
      return;
    }
    const [a, b] = [root(other), root(index)];
    parent[Math.max(a, b)] = Math.min(a, b);
  };
  samples.forEach((sample, index) => {
    join(`sha256 ${sample.sha256}`, index);
    if (groups && sample.group !== undefined) join(`group ${sample.group}`, index);
  });
  const members = new Map<number, number[]>();
  samples.forEach((_, index) => {
    const at = root(index);
    const list = members.get(at);
    if (list === undefined) members.set(at, [index]);
    else list.push(index);
  });
  return [...members.values()].map((indices) => {
    const of = (index: number) => samples[index] as Sample;
    const head = of(indices[0] as number);
    return { name: head.file, samples: indices, spans: indices.some((index) => of(index).class !== head.class) };
  });
}

/** How many images lie in units because a byte-for-byte equal one does: all but one of each set of equal files. */
export function equalFiles(dataset: Dataset): number {
  return dataset.samples.length - new Set(dataset.samples.map((sample) => sample.sha256)).size;
}
