import { type Tensor, type Tensor2D, tf } from '../runtime/tensorflow.js';
import { ownGradient } from './own-gradient.js';

export type DistanceName = 'euclidean' | 'squared-euclidean' | 'cosine';

/** Lengths below this count as it, in values and in gradients (torch's `F.normalize` has the same). */
const LEAST_LENGTH = 1e-12;

/**
 * Each row divided by its length: `x / max(‖x‖, 1e-12)`. [N, D] → [N, D].
 * The gradient is `(dy − y·(y·dy)) / ‖x‖`. A row shorter than 1e-12 has no direction and gets the gradient 0 (torch's would be
 * 10¹² · dy, which no training survives).
 */
export function unitLength(x: Tensor2D): Tensor2D {
  return ownGradient(x, (rows) => {
    const length = tf.sqrt(tf.sum(tf.square(rows), 1, true));
    const divisor = tf.maximum(length, LEAST_LENGTH);
    const unit: Tensor2D = tf.div(rows, divisor);
    return {
      value: unit,
      saved: [unit, divisor, tf.cast(tf.greaterEqual(length, LEAST_LENGTH), 'float32')],
      gradient: (dy, [y, scale, directed]) => {
        const across = tf.sub(dy, tf.mul(y!, tf.sum(tf.mul(y!, dy), 1, true)));
        return tf.mul(tf.div(across, scale!), directed!);
      },
    };
  });
}

/**
 * Distances between all rows: `‖eᵢ − eⱼ‖`, its square, or half its square, which for rows of unit length is the cosine distance
 * `1 − eᵢ·eⱼ`. [N, D] → [N, N], symmetric, the diagonal exactly 0.
 *
 * The gradient by eᵢ is `Σⱼ (dyᵢⱼ + dyⱼᵢ) (eᵢ − eⱼ) / dᵢⱼ` (squared: twice, cosine: once, and not divided). Where two rows are equal, the root
 * has no slope; it counts as 0 there, so that duplicated embeddings never make a gradient infinite.
 *
 * Made from the differences, [N, N, D], and not from `‖a‖² + ‖b‖² − 2ab`: that form loses all digits of close pairs (in float32
 * a distance of 3e-4 is noise), gives duplicates a distance above 0, and its matrix product would follow a network into bfloat16.
 * For 64 embeddings of 128 numbers the differences are 2 MB, a small part of a step.
 */
export function pairwiseDistances(embeddings: Tensor2D, distance: DistanceName): Tensor2D {
  return ownGradient(embeddings, (rows) => {
    const [count, size] = rows.shape;
    const differences = tf.sub(tf.reshape(rows, [count, 1, size]), tf.reshape(rows, [1, count, size]));
    const squared: Tensor2D = tf.sum(tf.square(differences), 2);
    switch (distance) {
      case 'euclidean': {
        const distances: Tensor2D = tf.sqrt(squared);
        return {
          value: distances,
          saved: [differences, distances],
          gradient: (dy, [saved, length]) => along(saved!, tf.div(bothWays(dy), tf.maximum(length!, LEAST_LENGTH))),
        };
      }
      case 'squared-euclidean':
        return { value: squared, saved: [differences], gradient: (dy, [saved]) => along(saved!, tf.mul(bothWays(dy), 2)) };
      case 'cosine':
        return { value: tf.div(squared, 2), saved: [differences], gradient: (dy, [saved]) => along(saved!, bothWays(dy)) };
    }
  });
}

/** dᵢⱼ and dⱼᵢ are one distance. */
function bothWays(dy: Tensor2D): Tensor2D {
  return tf.add(dy, tf.transpose(dy));
}

/** `Σⱼ weightᵢⱼ · differenceᵢⱼ`: [N, N, D], [N, N] → [N, D]. */
function along(differences: Tensor, weight: Tensor2D): Tensor2D {
  return tf.sum(tf.mul(differences, tf.reshape(weight, [...weight.shape, 1])), 1);
}
