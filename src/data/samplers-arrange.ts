import type { RandomStream } from './random.js';
import { WeightedDraw } from './samplers-weighted.js';

/** In which order the classes stand and which of them are kin. */
export interface Arrangement {
  /** The classes; kin are neighbours. */
  readonly places: Int32Array;
  /** For each position of that order the range of its kin; null: no class has any. */
  readonly kin: { readonly from: Int32Array; readonly to: Int32Array } | null;
  /** So many classes of a batch shall be kin, as far as there are such left. */
  readonly together: number;
}

/**
 * Deals groups out to batches: class c comes in `groups[c]` of the `steps` batches, each batch has P different classes. That is
 * possible where Σ groups = steps·P and no class has more than `steps`. The classes of a batch are drawn in proportion to the groups
 * they have left, but those that must come in every batch that is left are taken first.
 */
export function arrange(
  groups: Int32Array,
  steps: number,
  classesPerBatch: number,
  { places, kin, together }: Arrangement,
  stream: RandomStream,
): Int32Array[] {
  const left = new WeightedDraw(Int32Array.from(places, (place) => groups[place] as number));
  // Positions by what they have left, noted when they come to it: those in `due[n]` are bound once n batches are left.
  const due: number[][] = Array.from({ length: steps + 1 }, () => []);
  places.forEach((_, position) => {
    due[left.weight(position)]?.push(position);
  });
  return Array.from({ length: steps }, (_, step) => {
    const taken: number[] = [];
    const remaining: number[] = [];
    const take = (position: number) => {
      taken.push(position);
      remaining.push(left.weight(position));
      left.set(position, 0); // not twice in one batch
    };
    const batchesLeft = steps - step;
    for (const position of due[batchesLeft] as number[]) if (left.weight(position) === batchesLeft) take(position);
    due[batchesLeft] = [];
    if (kin !== null && taken.length < classesPerBatch) {
      if (taken.length === 0) take(left.draw(stream));
      const first = taken[stream.below(taken.length)] as number;
      const from = kin.from[first] as number;
      const to = kin.to[first] as number;
      let met = taken.filter((position) => position >= from && position < to).length;
      for (; met < together && taken.length < classesPerBatch && left.total(from, to) > 0; met++)
        take(left.draw(stream, from, to));
    }
    while (taken.length < classesPerBatch) take(left.draw(stream));
    taken.forEach((position, i) => {
      const now = (remaining[i] as number) - 1;
      left.set(position, now);
      due[now]?.push(position);
    });
    return Int32Array.from(taken, (position) => places[position] as number);
  });
}
