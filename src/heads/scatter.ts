import { UserError } from '../errors.js';
import { inDoubles } from './linear-algebra.js';

/** What a closed-form head needs to know of the training features; row-major [dimensions, dimensions] matrices. */
export interface ClassStatistics {
  readonly dimensions: number;
  readonly images: number;
  readonly classes: number;
  readonly mean: Float64Array;
  /** Within-class covariance Σ (x − μ_class)(x − μ_class)ᵀ / images. */
  readonly within: Float64Array;
  /** Total covariance Σ (x − μ)(x − μ)ᵀ / images. */
  readonly total: Float64Array;
}

/**
 * Means and covariances of features, accumulated in double precision.
 *
 * @param features row-major [images, dimensions]
 * @param labels [images], any integers
 * @throws UserError where a feature is not a finite number
 */
export function classStatistics(features: Float32Array, dimensions: number, labels: Int32Array): ClassStatistics {
  if (features.length !== labels.length * dimensions) {
    throw new RangeError(`${features.length} features are not ${labels.length} rows of ${dimensions}`);
  }
  const indexOf = new Map<number, number>();
  for (const label of labels) if (!indexOf.has(label)) indexOf.set(label, indexOf.size);
  const classOf = labels.map((label) => indexOf.get(label) as number);
  const everything = new Int32Array(labels.length);
  const mean = means(features, dimensions, everything, 1);
  return {
    dimensions,
    images: labels.length,
    classes: indexOf.size,
    mean,
    within: scatter(features, dimensions, means(features, dimensions, classOf, indexOf.size), classOf),
    total: scatter(features, dimensions, mean, everything),
  };
}

/** The mean of the rows of each group, row-major [groups, dimensions]. */
export function means(features: Float32Array, dimensions: number, groupOf: Int32Array, groups: number): Float64Array {
  const sums = new Float64Array(groups * dimensions);
  const counts = new Float64Array(groups);
  for (let row = 0; row < groupOf.length; row++) {
    const group = groupOf[row] as number;
    counts[group] = (counts[group] as number) + 1;
    for (let i = 0, from = row * dimensions, to = group * dimensions; i < dimensions; i++, from++, to++) {
      sums[to] = (sums[to] as number) + (features[from] as number);
    }
  }
  for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) / (counts[Math.floor(at / dimensions)] as number);
  if (sums.some((value) => !Number.isFinite(value))) {
    throw new UserError({
      what: 'the features of the training images are not finite numbers, so no head can be fitted to them',
      mend: 'the network has most likely diverged: lower `rate`, or freeze more',
    });
  }
  return sums;
}

// Rows that are centred and multiplied at a time: 32 MiB of doubles at 1024 dimensions.
const BLOCK = 4096;

/** Σ (x − c)(x − c)ᵀ / rows, where c is the centre of each row's group; row-major [dimensions, dimensions]. */
export function scatter(features: Float32Array, dimensions: number, centres: Float64Array, groupOf: Int32Array): Float64Array {
  const sum = new Float64Array(dimensions * dimensions);
  const rows = groupOf.length;
  for (let first = 0; first < rows; first += BLOCK) {
    const count = Math.min(BLOCK, rows - first);
    const centred = new Float64Array(count * dimensions);
    for (let row = 0; row < count; row++) {
      let from = (first + row) * dimensions;
      let centre = (groupOf[first + row] as number) * dimensions;
      for (let to = row * dimensions; to < (row + 1) * dimensions; to++) {
        centred[to] = (features[from++] as number) - (centres[centre++] as number);
      }
    }
    const product = inDoubles((doubles) => {
      const block = doubles.put(centred, count, dimensions);
      return doubles.get(doubles.multiply(block, block, { transposeA: true }));
    });
    for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (product[at] as number) / rows;
  }
  return sum;
}
