/** Training images by class, in flat arrays: 8 bytes an image however many classes there are. */
export interface ClassIndex {
  /** The classes' labels, ascending. */
  readonly labels: Int32Array;
  /** Images of class c, by its place in `labels`: `members[starts[c] … starts[c + 1])`. */
  readonly starts: Int32Array;
  /** Samples, in each class in the order in which they were given. */
  readonly members: Int32Array;
}

/** `labels[i]` is the class of `samples[i]`. */
export function indexClasses(samples: Int32Array, labels: Int32Array): ClassIndex {
  const distinct = Int32Array.from(new Set(labels)).sort();
  const places = new Map<number, number>();
  distinct.forEach((label, place) => {
    places.set(label, place);
  });
  const starts = new Int32Array(distinct.length + 1);
  for (const label of labels) {
    const next = (places.get(label) as number) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  for (let c = 0; c < distinct.length; c++) starts[c + 1] = (starts[c + 1] as number) + (starts[c] as number);
  const at = starts.slice(0, -1);
  const members = new Int32Array(samples.length);
  labels.forEach((label, i) => {
    const place = places.get(label) as number;
    members[at[place] as number] = samples[i] as number;
    at[place] = (at[place] as number) + 1;
  });
  return { labels: distinct, starts, members };
}

/** The images of a class, by its place in the index. */
export function membersOf({ starts, members }: ClassIndex, place: number): Int32Array {
  return members.subarray(starts[place], starts[place + 1]);
}

/** Number of images of a class. */
export function sizeOf({ starts }: ClassIndex, place: number): number {
  return (starts[place + 1] as number) - (starts[place] as number);
}
