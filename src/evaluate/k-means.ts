import { inDoubles } from '../heads/linear-algebra.js';
import { seededDraws } from './resample.js';

export interface Clustering {
  /** The cluster of each row, from 0. */
  readonly assignments: Int32Array;
  /** Σ of squared distances to the own centre. */
  readonly inertia: number;
  readonly rounds: number;
}

export interface KMeansOptions {
  readonly seed: number;
  /** The best of so many starts, by inertia; 1 unless told. */
  readonly starts?: number;
  /** 300 unless told. It stops before, where no row changes its cluster. */
  readonly rounds?: number;
}

const BLOCK = 4096;

/**
 * Lloyd's k-means from k-means++ starts (Arthur & Vassilvitskii 2007), in double precision and seeded. The distances of all rows to
 * all centres are matrix products on the native side, so that 60,000 rows and a thousand centres are no matter of minutes; that is
 * why no npm library is taken. A cluster that loses its last row gets the row that is farthest from its centre.
 *
 * @param rows row-major [count, dimensions]
 */
export function kMeans(rows: Float64Array, dimensions: number, clusters: number, options: KMeansOptions): Clustering {
  const count = rows.length / dimensions;
  if (!(Number.isInteger(clusters) && clusters >= 1 && clusters <= count)) {
    throw new RangeError(`${count} rows cannot be put into ${clusters} clusters`);
  }
  const uniform = seededDraws(options.seed);
  let best: Clustering | undefined;
  for (let start = 0; start < (options.starts ?? 1); start++) {
    const found = lloyd(rows, dimensions, spreadCentres(rows, dimensions, clusters, uniform), options.rounds ?? 300);
    if (best === undefined || found.inertia < best.inertia) best = found;
  }
  return best as Clustering;
}

/** k-means++: each next centre is a row, drawn with a chance proportional to its squared distance to the nearest centre so far. */
function spreadCentres(rows: Float64Array, dimensions: number, clusters: number, uniform: () => number): Float64Array {
  const count = rows.length / dimensions;
  const centres = new Float64Array(clusters * dimensions);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let row = Math.floor(uniform() * count);
  for (let c = 0; c < clusters; c++) {
    const centre = rows.subarray(row * dimensions, (row + 1) * dimensions);
    centres.set(centre, c * dimensions);
    let total = 0;
    for (let i = 0; i < count; i++) {
      let square = 0;
      for (let d = 0; d < dimensions; d++) square += ((rows[i * dimensions + d] as number) - (centre[d] as number)) ** 2;
      if (square < (nearest[i] as number)) nearest[i] = square;
      total += nearest[i] as number;
    }
    // Where every row lies on a centre already, any of them is as good.
    if (total === 0) row = Math.floor(uniform() * count);
    else {
      let left = uniform() * total;
      row = 0;
      while (row < count - 1 && left >= (nearest[row] as number)) left -= nearest[row++] as number;
    }
  }
  return centres;
}

function lloyd(rows: Float64Array, dimensions: number, centres: Float64Array, most: number): Clustering {
  const count = rows.length / dimensions;
  const clusters = centres.length / dimensions;
  const assignments = new Int32Array(count).fill(-1);
  const distances = new Float64Array(count);
  for (let round = 1; ; round++) {
    const moved = assign(rows, dimensions, centres, assignments, distances);
    if (moved === 0 || round === most) {
      return { assignments, inertia: distances.reduce((sum, value) => sum + value, 0), rounds: round };
    }
    const sizes = new Int32Array(clusters);
    centres.fill(0);
    assignments.forEach((cluster, row) => {
      sizes[cluster] = (sizes[cluster] as number) + 1;
      for (let d = 0; d < dimensions; d++) {
        const at = cluster * dimensions + d;
        centres[at] = (centres[at] as number) + (rows[row * dimensions + d] as number);
      }
    });
    for (let cluster = 0; cluster < clusters; cluster++) {
      const size = sizes[cluster] as number;
      if (size === 0) {
        const far = distances.reduce((best, value, row) => (value > (distances[best] as number) ? row : best), 0);
        centres.set(rows.subarray(far * dimensions, (far + 1) * dimensions), cluster * dimensions);
        distances[far] = 0;
      } else {
        for (let d = 0; d < dimensions; d++) {
          const at = cluster * dimensions + d;
          centres[at] = (centres[at] as number) / size;
        }
      }
    }
  }
}

/** Gives each row its nearest centre (the first of equal ones) and the squared distance to it; how many changed. */
function assign(
  rows: Float64Array,
  dimensions: number,
  centres: Float64Array,
  assignments: Int32Array,
  distances: Float64Array,
): number {
  const clusters = centres.length / dimensions;
  const lengths = squaredLengths(centres, dimensions);
  const rowLengths = squaredLengths(rows, dimensions);
  let moved = 0;
  inDoubles((outer) => {
    const right = outer.put(centres, clusters, dimensions);
    for (let first = 0; first < assignments.length; first += BLOCK) {
      const size = Math.min(BLOCK, assignments.length - first);
      const block = rows.slice(first * dimensions, (first + size) * dimensions);
      const products = inDoubles((inner) =>
        inner.get(inner.multiply(inner.put(block, size, dimensions), right, { transposeB: true })),
      );
      for (let i = 0; i < size; i++) {
        let best = 0;
        let least = Number.POSITIVE_INFINITY;
        for (let c = 0; c < clusters; c++) {
          const square = (lengths[c] as number) - 2 * (products[i * clusters + c] as number);
          if (square < least) {
            least = square;
            best = c;
          }
        }
        const row = first + i;
        if (assignments[row] !== best) moved++;
        assignments[row] = best;
        distances[row] = Math.max(0, least + (rowLengths[row] as number));
      }
    }
  });
  return moved;
}

function squaredLengths(rows: Float64Array, dimensions: number): Float64Array {
  return Float64Array.from({ length: rows.length / dimensions }, (_, row) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += (rows[row * dimensions + d] as number) ** 2;
    return sum;
  });
}
