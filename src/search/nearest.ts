/** An answer to a query: a row of the gallery and how alike it is. */
export interface Neighbour {
  readonly row: number;
  /** Cosine, −1 to 1. */
  readonly similarity: number;
}

/** A cosine as it is told: of equal vectors of unit length, rounding puts their product as often beyond 1 as below. */
export const asCosine = (product: number): number => Math.max(-1, Math.min(1, product));

/**
 * The `top` rows of a gallery that are most alike to a query, by cosine, exactly: every row is compared. Equal ones by row.
 * Sums are taken in double precision, so that the order is that of `ft evaluate`.
 *
 * @param gallery row-major [rows, dimensions], each of unit length
 * @param query [dimensions], of unit length
 * @param skip rows that are no answer
 */
export function nearest(
  gallery: Float32Array,
  dimensions: number,
  query: Float32Array,
  top: number,
  skip: ReadonlySet<number> = new Set(),
): Neighbour[] {
  if (query.length !== dimensions) throw new RangeError(`a query of ${query.length} numbers for a gallery of ${dimensions}`);
  const rows = gallery.length / dimensions;
  const best: Neighbour[] = [];
  // What a row has to beat to come in: nothing while there is room.
  let least = Number.NEGATIVE_INFINITY;
  const wide = Float64Array.from(query);
  for (let row = 0, at = 0; row < rows; row++, at += dimensions) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = 0;
    // Four sums side by side: one would wait for itself at every addition.
    for (; i + 3 < dimensions; i += 4) {
      a += (gallery[at + i] as number) * (wide[i] as number);
      b += (gallery[at + i + 1] as number) * (wide[i + 1] as number);
      c += (gallery[at + i + 2] as number) * (wide[i + 2] as number);
      d += (gallery[at + i + 3] as number) * (wide[i + 3] as number);
    }
    for (; i < dimensions; i++) a += (gallery[at + i] as number) * (wide[i] as number);
    const similarity = a + b + (c + d);
    if (!(similarity > least) || skip.has(row)) continue;
    let place = best.length;
    while (place > 0 && similarity > (best[place - 1] as Neighbour).similarity) place--;
    best.splice(place, 0, { row, similarity });
    if (best.length > top) best.pop();
    if (best.length === top) least = (best[top - 1] as Neighbour).similarity;
  }
  return best.map(({ row, similarity }) => ({ row, similarity: asCosine(similarity) }));
}

/** Whether two images show the same, by a threshold that is known up to an interval. */
export type Verdict = 'same' | 'not the same' | 'near the threshold';

/** `near the threshold` where the similarity lies inside the threshold's own interval: other calibration images might have said otherwise. */
export function verdictOf(
  similarity: number,
  { threshold, low, high }: { threshold: number; low: number; high: number },
): Verdict {
  if (similarity >= Math.min(low, threshold) && similarity <= Math.max(high, threshold)) return 'near the threshold';
  return similarity >= threshold ? 'same' : 'not the same';
}
