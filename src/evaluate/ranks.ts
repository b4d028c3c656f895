/** Parts of the table for each relevant item: most of them hold none. */
const PARTS = 32;

/**
 * The ranks (ascending, the first is 1) at which `relevant` items come when all items but those of `leftOut` are ordered by descending
 * similarity, equal ones by ascending index.
 *
 * Only the similarities of the relevant items are sorted, and every item is placed among them: it pushes down all that it precedes. A
 * table over equal parts of their range says between which of them a similarity lies, mostly at once, so that a query takes O(items)
 * whatever the ranks are. The part is a monotonic function of the similarity, rounding included: places are exact.
 *
 * @param similarities one for each item, finite
 * @param relevant indices of the relevant items; at least one
 * @param leftOut indices of the items that are no answers, and not relevant: the query itself, and what else is not asked for
 */
export function relevantRanks(similarities: Float64Array, relevant: readonly number[], leftOut: readonly number[]): Int32Array {
  const count = relevant.length;
  const sorted = Float64Array.from(relevant, (item) => similarities[item] as number).sort();
  const lowest = sorted[0] as number;
  const highest = sorted[count - 1] as number;
  const parts = Math.min(PARTS * count, similarities.length);
  const scale = highest > lowest ? parts / (highest - lowest) : 0;
  const earlier = countsBefore(sorted, lowest, scale, parts);

  // Items by the number of relevant ones that precede them. No calls: this runs for every pair of images.
  const placed = new Int32Array(count + 1);
  for (let item = 0; item < similarities.length; item++) {
    const similarity = similarities[item] as number;
    if (similarity < lowest) continue;
    let atMost = count;
    if (similarity <= highest) {
      const part = ((similarity - lowest) * scale) | 0;
      const end = earlier[part + 1] as number;
      atMost = earlier[part] as number;
      while (atMost < end && (sorted[atMost] as number) <= similarity) atMost++;
      if (sorted[atMost - 1] === similarity) atMost = count - preceding(item, similarities, relevant);
    }
    const above = count - atMost;
    placed[above] = (placed[above] as number) + 1;
  }
  for (const item of leftOut) {
    // What comes after all of them was not counted, and its place is not read.
    const above = preceding(item, similarities, relevant);
    placed[above] = (placed[above] as number) - 1;
  }
  const ranks = new Int32Array(count);
  let rank = 0;
  for (let position = 0; position < count; position++) {
    // Every relevant item stands in its own place: the sum counts it and all before it.
    rank += placed[position] as number;
    ranks[position] = rank;
  }
  return ranks;
}

/** How many relevant items precede this one: those that are more similar, and equal ones of a lower index. */
function preceding(item: number, similarities: Float64Array, relevant: readonly number[]): number {
  const similarity = similarities[item] as number;
  let count = 0;
  for (const other of relevant) {
    const value = similarities[other] as number;
    if (value > similarity || (value === similarity && other < item)) count++;
  }
  return count;
}

/** How many of the ascending `sorted` values lie in an earlier part than each: [parts + 2], for the highest lies at the end of the last. */
function countsBefore(sorted: Float64Array, lowest: number, scale: number, parts: number): Int32Array {
  const earlier = new Int32Array(parts + 2);
  let part = 0;
  sorted.forEach((value, at) => {
    for (const own = ((value - lowest) * scale) | 0; part < own; ) earlier[++part] = at;
  });
  return earlier.fill(sorted.length, part + 1);
}
