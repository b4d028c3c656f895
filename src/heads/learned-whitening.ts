import { UserError } from '../errors.js';
import { centredHead, type Head } from './head.js';
import { inDoubles } from './linear-algebra.js';
import { principalDirections } from './principal-directions.js';
import { type ClassStatistics, classStatistics } from './scatter.js';

export interface WhiteningOptions {
  /** How far the within-class covariance is drawn to its mean variance, 0 (not at all) to 1 (fully: that is PCA). */
  readonly shrinkage: number;
  /** Dimensions of the embedding. */
  readonly outputs: number;
}

/**
 * Learned whitening: directions along which images of one class differ are shrunk, then the principal directions of what
 * is left are kept.
 *
 *     S = (1 − s)·S_w + s·mean(diag S_w)·I = L·Lᵀ        S_w = Σ (x − μ_class)(x − μ_class)ᵀ / N
 *     U = the leading eigenvectors of the covariance of L⁻¹(x − μ)
 *     kernel = (U·L⁻¹)ᵀ, scaled to the norm √outputs;  bias = −μᵀ·kernel
 *
 * Source: Mikolajczyk & Matas, "Improving descriptors for fast tree matching by optimal linear projection", ICCV 2007;
 * Radenović, Tolias & Chum, "Fine-tuning CNN image retrieval with no human annotation", TPAMI 2018, §3.3.
 *
 * @param features row-major [images, dimensions]: pooled features of the training images
 * @param labels [images]: their classes
 * @throws UserError where no class has two images that differ, or more outputs are asked for than the features span
 */
export function learnedWhitening(
  features: Float32Array,
  dimensions: number,
  labels: Int32Array,
  options: WhiteningOptions,
): Head {
  return whiteningOf(classStatistics(features, dimensions, labels), options);
}

/** Learned whitening from statistics that are already at hand, so that several shrinkages cost one pass over the features. */
export function whiteningOf(statistics: ClassStatistics, { shrinkage, outputs }: WhiteningOptions): Head {
  if (!(shrinkage >= 0 && shrinkage <= 1)) {
    throw new UserError({
      what: 'a shrinkage out of range',
      where: 'head.shrinkage',
      expected: 'a number from 0 to 1',
      found: `${shrinkage}`,
    });
  }
  const { dimensions, mean, within, total, images, classes } = statistics;
  const variance = trace(within, dimensions) / dimensions;
  // Class means are rounded sums, so equal images leave a trace of rounding behind: nothing against the total variance.
  if (!(variance > Number.EPSILON * (trace(total, dimensions) / dimensions))) {
    throw new UserError({
      what: 'learned whitening needs classes with at least two images that differ, and there is none here',
      found: `${images} training images of ${classes} classes`,
      mend: 'set head.init: pca and head.refit: none, or give more images of each class',
    });
  }
  return inDoubles((doubles) => {
    const shrunk = within.map((value) => (1 - shrinkage) * value);
    for (let at = 0; at < shrunk.length; at += dimensions + 1) shrunk[at] = (shrunk[at] as number) + shrinkage * variance;
    const lower = doubles.cholesky(doubles.put(shrunk, dimensions, dimensions));
    if (lower === undefined) {
      throw new UserError({
        what: 'the within-class covariance of the features has no inverse: they vary inside classes along too few directions',
        where: 'head.shrinkage',
        expected: 'a number above 0',
        found: `${shrinkage}`,
        mend: 'set head.shrinkage to 0.1',
      });
    }
    // L⁻¹·S_t·L⁻ᵀ, the covariance of the whitened rows, by two solves: S_t is symmetric, and so is what comes out.
    const left = doubles.solveLower(lower, doubles.put(total, dimensions, dimensions));
    const whitened = doubles.solveLower(lower, doubles.put(transposed(doubles.get(left), dimensions), dimensions, dimensions));
    const leading = principalDirections(doubles, whitened, outputs, images);
    const kernel = doubles.get(doubles.solveLower(lower, doubles.put(leading, dimensions, outputs), { transpose: true }));
    const norm = Math.sqrt(kernel.reduce((sum, value) => sum + value * value, 0));
    return centredHead(kernel, mean, outputs, Math.sqrt(outputs) / norm);
  });
}

function trace(matrix: Float64Array, dimensions: number): number {
  let sum = 0;
  for (let at = 0; at < matrix.length; at += dimensions + 1) sum += matrix[at] as number;
  return sum;
}

function transposed(matrix: Float64Array, dimensions: number): Float64Array {
  return matrix.map((_, at) => matrix[(at % dimensions) * dimensions + Math.floor(at / dimensions)] as number);
}
