/** What the embeddings of some images tell of the network: how many directions they use, and how far apart the classes are. */
import { inDoubles } from '../heads/linear-algebra.js';

export interface DistanceHistogram {
  /** 21 edges of 20 bins, 0 … 2: all that two unit vectors can be apart. The last bin holds its upper edge. */
  readonly edges: readonly number[];
  /** Pairs of one class by bin. */
  readonly positive: readonly number[];
  /** Pairs of two classes by bin. */
  readonly negative: readonly number[];
}

export interface EmbeddingFigures {
  readonly effective_rank: number;
  readonly distances: DistanceHistogram;
}

const BINS = 20;
const LARGEST = 2;
/** The most images that are looked at: the cost grows with the cube of it (512: a fraction of a second). */
const MOST = 512;
/** Of one class, so that there are classes to compare. */
const MOST_OF_CLASS = 32;

/**
 * Effective rank (Roy & Vetterli 2007): `exp(−Σ p log p)` with `p = σ / Σσ` over the singular values of the embeddings' matrix,
 * rows of unit length, not centred. Between 1 (all along one line) and the smaller side of the matrix; 0 where all are 0.
 * With it the histogram of Euclidean distances of all pairs. Of more than 512 images, whole classes evenly chosen (32 of each).
 * @param values row-major [labels.length, dimensions]; need not be of unit length
 */
export function embeddingFigures(values: Float32Array, dimensions: number, labels: Int32Array): EmbeddingFigures {
  const rows = evenlyByClass(labels, MOST);
  const unit = new Float64Array(rows.length * dimensions);
  rows.forEach((row, at) => {
    const vector = values.subarray(row * dimensions, (row + 1) * dimensions);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let i = 0; i < dimensions; i++) unit[at * dimensions + i] = (vector[i] as number) / length;
  });
  const { similarities, eigenvalues } = inDoubles(({ put, get, multiply, symmetricEigen }) => {
    const matrix = put(unit, rows.length, dimensions);
    const gram = multiply(matrix, matrix, { transposeB: true });
    // σ² are the eigenvalues of either product; the smaller one is the cheaper.
    const smaller = rows.length <= dimensions ? gram : multiply(matrix, matrix, { transposeA: true });
    return { similarities: get(gram), eigenvalues: symmetricEigen(smaller).values };
  });
  const classes = rows.map((row) => labels[row] as number);
  return { effective_rank: effectiveRank(eigenvalues), distances: histogram(similarities, classes) };
}

/** `exp(H(σ / Σσ))` from the squares of singular values; rounding may have left some a hair below 0. */
export function effectiveRank(squares: ArrayLike<number>): number {
  const singular = Array.from(squares, (square) => Math.sqrt(Math.max(0, square)));
  const largest = Math.max(...singular);
  // Below this a value of σ² is rounding of the largest one's.
  const kept = singular.filter((value) => value > largest * 1e-7);
  const sum = kept.reduce((total, value) => total + value, 0);
  if (!(sum > 0)) return 0;
  return Math.exp(-kept.reduce((entropy, value) => entropy + (value / sum) * Math.log(value / sum), 0));
}

function histogram(similarities: Float64Array, classes: readonly number[]): DistanceHistogram {
  const positive = new Array<number>(BINS).fill(0);
  const negative = new Array<number>(BINS).fill(0);
  const count = classes.length;
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const distance = Math.sqrt(Math.max(0, 2 - 2 * (similarities[a * count + b] as number)));
      const bins = classes[a] === classes[b] ? positive : negative;
      const bin = Math.min(BINS - 1, Math.floor((distance / LARGEST) * BINS));
      bins[bin] = (bins[bin] as number) + 1;
    }
  }
  return { edges: Array.from({ length: BINS + 1 }, (_, edge) => (edge * LARGEST) / BINS), positive, negative };
}

/** Rows of whole classes (32 of each at most), the classes evenly spaced over all of them, `most` rows together. */
export function evenlyByClass(labels: Int32Array, most: number): number[] {
  if (labels.length <= most) return Array.from(labels.keys());
  const members = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const rows = members.get(label);
    if (rows === undefined) members.set(label, [row]);
    else rows.push(row);
  });
  const groups = [...members.values()].map((rows) => rows.slice(0, MOST_OF_CLASS));
  const total = groups.reduce((sum, { length }) => sum + length, 0);
  const wanted = Math.min(groups.length, Math.max(2, Math.ceil((groups.length * most) / total)));
  const chosen = Array.from({ length: wanted }, (_, at) => groups[Math.floor((at * groups.length) / wanted)] as number[]);
  return chosen.flat().slice(0, most);
}
