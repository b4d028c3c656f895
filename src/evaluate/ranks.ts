/**
 * The ranks (ascending, the first is 1) at which `relevant` items come when all items but those of `leftOut` are ordered by descending
 * similarity, equal ones by ascending index.
 *
 * Only the similarities of the relevant items are sorted. Every other item is then placed among them by bisection: it pushes
 * down all that it precedes. So a query costs O(items · log relevant) whatever the ranks are.
 *
 * @param similarities one for each item, finite
 * @param relevant indices of the relevant items; at least one
 * @param leftOut indices of the items that are no answers: the query itself, and what else is not asked for
 */
export function relevantRanks(similarities: Float64Array, relevant: readonly number[], leftOut: readonly number[]): Int32Array {
  const count = relevant.length;
  const sorted = Float64Array.from(relevant, (item) => similarities[item] as number).sort();
  const lowest = sorted[0] as number;
  const skip = new Uint8Array(similarities.length);
  for (const item of leftOut) skip[item] = 1;
  for (const item of relevant) skip[item] = 1;

  const pushed = new Int32Array(count + 1);
  for (let item = 0; item < similarities.length; item++) {
    const similarity = similarities[item] as number;
    if (similarity < lowest || skip[item] === 1) continue;
    // `above` relevant items precede this one: those that are more similar, and equal ones of a lower index.
    let above = count - upperBound(sorted, similarity);
    if (sorted[count - 1 - above] === similarity) {
      for (const other of relevant) if (similarities[other] === similarity && other < item) above++;
    }
    pushed[above] = (pushed[above] as number) + 1;
  }
  const ranks = new Int32Array(count);
  for (let position = 0, before = 0; position < count; position++) {
    before += pushed[position] as number;
    ranks[position] = position + 1 + before;
  }
  return ranks;
}

/** How many of the ascending `sorted` values are at most `value`. */
function upperBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
