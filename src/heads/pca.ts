import { centredHead, type Head } from './head.js';
import { inDoubles } from './linear-algebra.js';
import { principalDirections } from './principal-directions.js';
import { means, scatter } from './scatter.js';

/**
 * Principal component analysis, centred: the kernel's columns are the orthonormal directions of the most variance, in
 * descending order, and `bias = −meanᵀ·kernel`. Needs no labels.
 *
 * @param features row-major [images, dimensions]: pooled features of the training images
 * @throws UserError where more outputs are asked for than the features span
 */
export function pca(features: Float32Array, dimensions: number, { outputs }: { readonly outputs: number }): Head {
  const everything = new Int32Array(features.length / dimensions);
  const mean = means(features, dimensions, everything, 1);
  const covariance = scatter(features, dimensions, mean, everything);
  return inDoubles((doubles) => {
    const directions = principalDirections(doubles, doubles.put(covariance, dimensions, dimensions), outputs, everything.length);
    return centredHead(directions, mean, outputs);
  });
}
