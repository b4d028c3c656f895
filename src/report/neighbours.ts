import type { Vectors } from './input.js';

/** An answer to a query. */
export interface Neighbour {
  readonly image: number;
  /** Cosine, in [−1, 1]. */
  readonly similarity: number;
}

/** What a query got. */
export interface Retrieved {
  readonly query: number;
  /** The nearest images, nearest first. */
  readonly nearest: readonly Neighbour[];
  /** The nearest image of the query's own class and the rank it came at, from 1; null where the class has no other image. */
  readonly right: (Neighbour & { readonly rank: number }) | null;
}

/** Cosine of every image with one of them; row-major unit vectors. */
export function similarities({ unit, dimensions }: Vectors, query: number): Float64Array {
  const found = new Float64Array(unit.length / dimensions);
  const own = Float64Array.from(unit.subarray(query * dimensions, (query + 1) * dimensions));
  const even = dimensions - (dimensions % 4);
  for (let image = 0, at = 0; image < found.length; image++) {
    // Four sums side by side: a processor waits for one addition before the next of the same sum.
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    let d = 0;
    for (; d < even; d += 4, at += 4) {
      a += (unit[at] as number) * (own[d] as number);
      b += (unit[at + 1] as number) * (own[d + 1] as number);
      c += (unit[at + 2] as number) * (own[d + 2] as number);
      e += (unit[at + 3] as number) * (own[d + 3] as number);
    }
    for (; d < dimensions; d++, at++) a += (unit[at] as number) * (own[d] as number);
    found[image] = a + b + c + e;
  }
  return found;
}

/**
 * The `count` images nearest to a query by cosine, itself left out, equal ones by index (as `retrieve` orders them), and where
 * the first image of its own class came.
 */
export function retrieved(vectors: Vectors, labels: Int32Array, query: number, count: number): Retrieved {
  const cosines = similarities(vectors, query);
  const nearest: Neighbour[] = [];
  let right = -1;
  for (let image = 0; image < cosines.length; image++) {
    if (image === query) continue;
    const similarity = cosines[image] as number;
    if (labels[image] === labels[query] && (right < 0 || similarity > (cosines[right] as number))) right = image;
    const last = nearest[count - 1];
    if (last !== undefined && similarity <= last.similarity) continue;
    let place = nearest.length;
    while (place > 0 && (nearest[place - 1] as Neighbour).similarity < similarity) place--;
    nearest.splice(place, 0, { image, similarity });
    if (nearest.length > count) nearest.pop();
  }
  return {
    query,
    nearest,
    right: right < 0 ? null : { image: right, similarity: cosines[right] as number, rank: rankOf(cosines, right, query) },
  };
}

function rankOf(cosines: Float64Array, image: number, query: number): number {
  const own = cosines[image] as number;
  let rank = 1;
  for (let other = 0; other < cosines.length; other++) {
    if (other === query || other === image) continue;
    const similarity = cosines[other] as number;
    if (similarity > own || (similarity === own && other < image)) rank++;
  }
  return rank;
}

/** Rows scaled to unit length; a row of zeros, or one that holds no finite number, stays zeros. */
export function unitRows(values: Float32Array, dimensions: number): Float32Array {
  const unit = new Float32Array(values.length);
  for (let first = 0; first < values.length; first += dimensions) {
    let square = 0;
    for (let d = 0; d < dimensions; d++) square += (values[first + d] as number) ** 2;
    const scale = square > 0 && Number.isFinite(square) ? 1 / Math.sqrt(square) : 0;
    if (scale > 0) for (let d = 0; d < dimensions; d++) unit[first + d] = (values[first + d] as number) * scale;
  }
  return unit;
}
