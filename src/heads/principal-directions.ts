import { type Fault, UserError } from '../errors.js';
import type { Doubles, Matrix } from './linear-algebra.js';

/**
 * The leading eigenvectors of a covariance, in descending order of their variance; row-major [dimensions, outputs].
 *
 * @param images how many rows the covariance was made of: `images − 1` is the most directions that they can span
 * @throws UserError where the rows span fewer than `outputs` directions
 */
export function principalDirections(doubles: Doubles, covariance: Matrix, outputs: number, images: number): Float64Array {
  const dimensions = covariance.rows;
  checkOutputs(outputs, dimensions, images);
  const { values, vectors } = doubles.symmetricEigen(covariance);
  const threshold = dimensions * Number.EPSILON * Math.max(0, values[dimensions - 1] as number);
  const rank = values.filter((value) => value > threshold).length;
  if (rank < outputs) throw new UserError(tooMany(outputs, rank, 'directions that the features of the training images span'));
  const all = doubles.get(vectors);
  const leading = new Float64Array(dimensions * outputs);
  for (let row = 0; row < dimensions; row++) {
    for (let o = 0; o < outputs; o++) leading[row * outputs + o] = all[row * dimensions + (dimensions - 1 - o)] as number;
  }
  return leading;
}

function checkOutputs(outputs: number, dimensions: number, images: number): void {
  if (outputs > dimensions) throw new UserError(tooMany(outputs, dimensions, "channels of the backbone's features"));
  const spanned = Math.max(0, images - 1);
  if (outputs > spanned) throw new UserError(tooMany(outputs, spanned, `directions that ${images} training images can span`));
}

function tooMany(outputs: number, most: number, of: string): Fault {
  return {
    what: `a head of ${outputs} dimensions cannot be fitted to these features`,
    expected: `at most ${most}, the number of ${of}`,
    found: `${outputs}`,
    mend:
      most > 0
        ? `set head.dimensions to ${most} or less, or head.init: random and head.refit: none`
        : 'give more training images, or set head.init: random and head.refit: none',
  };
}
