import { type Tensor, type Tensor1D, type Tensor4D, tf } from '../tensorflow.js';
import { attribute, operationWithOutputs } from './operation.js';

/** A normalised map with the statistics of this batch; the variance is the unbiased one, as moving averages take it. */
export interface BatchNormOutput {
  readonly y: Tensor4D;
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

const attributes = (epsilon: number) => [
  attribute.float32('T'),
  attribute.float32('U'),
  attribute.float('epsilon', epsilon),
  attribute.string('data_format', 'NHWC'),
  attribute.bool('is_training', true),
];

/**
 * Batch normalisation with the statistics of the batch, `γ (x − μ_B)/√(σ²_B + ε) + β`, forward and backward by TensorFlow's
 * fused operations (tfjs's own gradient is 54 kernel calls).
 */
export function batchNormTraining(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D, epsilon: number): BatchNormOutput {
  let statistics: { mean: Tensor1D; variance: Tensor1D } | undefined;
  const custom = tf.customGrad(((input: Tensor, scale: Tensor, offset: Tensor, save: (tensors: Tensor[]) => void) => {
    const empty = tf.tensor1d([], 'float32');
    const [y, mean, variance, ...reserve] = operationWithOutputs(
      'FusedBatchNormV3',
      [...attributes(epsilon), attribute.float('exponential_avg_factor', 1)],
      [input, scale, offset, empty, empty],
      6,
    ) as [Tensor, Tensor1D, Tensor1D, Tensor, Tensor, Tensor];
    statistics = { mean: tf.keep(mean), variance: tf.keep(variance) };
    save([input, scale, ...reserve]);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        operationWithOutputs('FusedBatchNormGradV3', attributes(epsilon), [dy, ...saved], 5).slice(0, 3),
    };
  }) as never) as unknown as (x: Tensor4D, gamma: Tensor1D, beta: Tensor1D) => Tensor4D;
  const y = custom(x, gamma, beta);
  if (statistics === undefined) throw new Error('batch normalisation gave no statistics');
  return { y, ...statistics };
}

/** Sums over the parts of a batch that lie on several devices. */
export interface SumOverBatch {
  readonly parts: number;
  /** `Σ x` over the parts, each of which calls it as often and in the same order. No gradient flows. */
  sum(x: Tensor): Tensor;
}

/**
 * {@link batchNormTraining} of one part of a batch with the statistics of the whole. Four sums over the parts, of as many numbers as there
 * are channels: the mean, the squares about it, and on the way back `Σ dy` and `Σ dy·x̂`, with
 * `dx = γ/√(σ²_B + ε) · (dy − mean dy − x̂ · mean dy·x̂)`. The gradients by γ and β are those of the part.
 */
export function batchNormAcross(
  x: Tensor4D,
  gamma: Tensor1D,
  beta: Tensor1D,
  epsilon: number,
  { parts, sum }: SumOverBatch,
): BatchNormOutput {
  const count = (x.size / (x.shape[3] as number)) * parts;
  let statistics: { mean: Tensor1D; variance: Tensor1D } | undefined;
  const custom = tf.customGrad(((input: Tensor, scale: Tensor, offset: Tensor, save: (tensors: Tensor[]) => void) => {
    const channels = (map: Tensor): Tensor => tf.sum(map, [0, 1, 2]);
    const mean = tf.mul(sum(channels(input)), 1 / count);
    const centred = tf.sub(input, mean);
    const squares = sum(channels(tf.square(centred)));
    const inverse = tf.rsqrt(tf.add(tf.mul(squares, 1 / count), epsilon));
    const normalised = tf.mul(centred, inverse);
    const variance = tf.mul(squares, 1 / (count - 1));
    statistics = { mean: tf.keep(mean) as Tensor1D, variance: tf.keep(variance) as Tensor1D };
    save([normalised, tf.mul(scale, inverse)]);
    return {
      value: tf.add(tf.mul(normalised, scale), offset),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [unit, slope] = saved as [Tensor, Tensor];
        const [byOffset, byScale] = [channels(dy), channels(tf.mul(dy, unit))];
        const pull = tf.sub(tf.sub(dy, tf.mul(sum(byOffset), 1 / count)), tf.mul(unit, tf.mul(sum(byScale), 1 / count)));
        return [tf.mul(pull, slope), byScale, byOffset];
      },
    };
  }) as never) as unknown as (x: Tensor4D, gamma: Tensor1D, beta: Tensor1D) => Tensor4D;
  const y = custom(x, gamma, beta);
  if (statistics === undefined) throw new Error('batch normalisation gave no statistics');
  return { y, ...statistics };
}
