import type { Neighbours } from './neighbours.js';

/** An image that looks more like another class than like its own. */
export interface DoubtfulLabel {
  readonly sample: number;
  /** The class that its neighbours have. */
  readonly likelier: number;
  /** Similarity to the likelier class minus similarity to its own; the larger, the more doubtful. */
  readonly margin: number;
  /** The most similar image of the likelier class. */
  readonly witness: number;
}

/** Largest class in which every pair of images is compared. */
const mostCompared = 300;

/** Members of a class that an image is compared with: its nearest so many. */
const witnesses = 3;

/**
 * Images whose neighbours disagree with their label, the most doubtful first. An image's similarity to a class is the mean
 * cosine to its up to three nearest members, itself and its duplicates left out: a wrong label is not held up by a second
 * copy of the same wrong one. It is doubtful where another class is nearer than its own by `margin`. An image without another
 * one of its class is not judged.
 *
 * Members of other classes beyond the neighbours that are given count as the furthest of them, which is an upper bound; so do
 * members of its own class where that has more than 300 images (all pairs would be compared otherwise).
 * @param unit row-major [images, dimensions], of unit length
 * @param labels class of each image
 * @param sets number of the set of duplicates of each image, −1 for none
 */
export function doubtfulLabels(
  unit: Float32Array,
  dimensions: number,
  labels: Int32Array,
  neighbours: Neighbours,
  sets: Int32Array,
  margin: number,
): DoubtfulLabel[] {
  const own = ownSimilarities(unit, dimensions, labels, neighbours, sets);
  const sizes = new Map<number, number>();
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1);
  const found: DoubtfulLabel[] = [];
  labels.forEach((label, sample) => {
    const mine = own[sample] as number;
    if (Number.isNaN(mine)) return;
    const best = likeliestOther(sample, label, neighbours, labels, sets, sizes);
    if (best === undefined || best.similarity - mine < margin) return;
    found.push({ sample, likelier: best.class, margin: best.similarity - mine, witness: best.witness });
  });
  return found.sort((a, b) => b.margin - a.margin || a.sample - b.sample);
}

/** Mean cosine of each image to its nearest others of its class; NaN where there is none. */
function ownSimilarities(
  unit: Float32Array,
  dimensions: number,
  labels: Int32Array,
  neighbours: Neighbours,
  sets: Int32Array,
): Float64Array {
  const members = new Map<number, number[]>();
  labels.forEach((label, sample) => {
    const list = members.get(label);
    if (list === undefined) members.set(label, [sample]);
    else list.push(sample);
  });
  const own = new Float64Array(labels.length).fill(Number.NaN);
  for (const list of members.values()) {
    for (const sample of list) {
      if (list.length > mostCompared) {
        own[sample] = boundOfOwn(sample, labels, neighbours, sets);
        continue;
      }
      const similar = list
        .filter((other) => other !== sample && !isCopy(sets, sample, other))
        .map((other) => cosine(unit, dimensions, sample, other));
      if (similar.length > 0) own[sample] = meanOfLargest(similar);
    }
  }
  return own;
}

/** At least the mean cosine to the nearest members of the own class, from the neighbours alone. */
function boundOfOwn(sample: number, labels: Int32Array, { each, indices, similarities }: Neighbours, sets: Int32Array): number {
  const similar: number[] = [];
  for (let at = sample * each; at < (sample + 1) * each && similar.length < witnesses; at++) {
    const other = indices[at] as number;
    if (labels[other] === labels[sample] && !isCopy(sets, sample, other)) similar.push(similarities[at] as number);
  }
  const furthest = similarities[(sample + 1) * each - 1] as number;
  return meanOfLargest([...similar, ...new Array<number>(witnesses - similar.length).fill(furthest)]);
}

function likeliestOther(
  sample: number,
  label: number,
  { each, indices, similarities }: Neighbours,
  labels: Int32Array,
  sets: Int32Array,
  sizes: ReadonlyMap<number, number>,
): { class: number; similarity: number; witness: number } | undefined {
  const byClass = new Map<number, { similar: number[]; witness: number }>();
  for (let at = sample * each; at < (sample + 1) * each; at++) {
    const other = indices[at] as number;
    const number = labels[other] as number;
    if (number === label || isCopy(sets, sample, other)) continue;
    const entry = byClass.get(number);
    if (entry === undefined) byClass.set(number, { similar: [similarities[at] as number], witness: other });
    else entry.similar.push(similarities[at] as number);
  }
  const furthest = similarities[(sample + 1) * each - 1] as number;
  let best: { class: number; similarity: number; witness: number } | undefined;
  for (const [number, { similar, witness }] of byClass) {
    const beyond = Math.max(0, Math.min(witnesses, sizes.get(number) as number) - similar.length);
    const similarity = meanOfLargest([...similar, ...new Array<number>(beyond).fill(furthest)]);
    if (best === undefined || similarity > best.similarity) best = { class: number, similarity, witness };
  }
  return best;
}

function isCopy(sets: Int32Array, a: number, b: number): boolean {
  return sets[a] !== -1 && sets[a] === sets[b];
}

function meanOfLargest(values: number[]): number {
  const largest = values.sort((a, b) => b - a).slice(0, witnesses);
  return largest.reduce((sum, value) => sum + value, 0) / largest.length;
}

/** The cosine of two unit rows. */
export function cosine(unit: Float32Array, dimensions: number, a: number, b: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += (unit[a * dimensions + d] as number) * (unit[b * dimensions + d] as number);
  return sum;
}
