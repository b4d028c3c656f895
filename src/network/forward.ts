import { batchNormAcross, batchNormTraining, type SumOverBatch } from '../runtime/ops/batch-norm.js';
import { addBias } from '../runtime/ops/bias.js';
import { convolution, depthwiseConvolution } from '../runtime/ops/convolution.js';
import { padded } from '../runtime/ops/padding.js';
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../runtime/tensorflow.js';
import { activate } from './activate.js';
import { deferredActivations } from './defer.js';
import { foldedBatchNorms, foldedKernel } from './fold.js';
import type { BatchNormLayer, Layer, LayerNormLayer, Network, Preprocessing } from './network.js';
import { pool } from './pool.js';

/** Finds the present value of a variable by name. */
export type Lookup = (name: string) => Tensor;

export interface ForwardOptions {
  /** BatchNorm layers that normalise with the statistics of the batch and move their own; all others use and keep theirs. */
  readonly trainStatistics?: (layer: BatchNormLayer) => boolean;
  /** Where this batch is a part of a larger one, whose statistics those layers are to take. */
  readonly across?: SumOverBatch | undefined;
  /** Sees what each layer gives, in order (a convolution with its folded BatchNorm already in it). */
  readonly onOutput?: (layer: Layer, output: Tensor) => void;
}

export interface ForwardResult {
  /** The feature map of `network.output`, NHWC (or [N, C] where the network pools itself). */
  readonly output: Tensor;
  /** New moving averages, by variable name; empty where all statistics are frozen. */
  readonly statistics: Record<string, Tensor>;
}

/** `(pixels − mean) / std` for RGB maps [N, H, W, 3] of 0 … 255. */
export function normalise(pixels: Tensor4D, { mean, std }: Preprocessing): Tensor4D {
  const [batch, height, width, channels] = pixels.shape;
  if (batch > 0 && std.every((one) => one === std[0])) {
    // The same arithmetic on whole rows of pixels: a broadcast over three channels alone is three times slower.
    const rows = tf.reshape(pixels, [batch * height, width * channels]);
    const means = tf.tensor1d(Array.from({ length: width }, () => mean).flat());
    return tf.reshape(tf.mul(tf.sub(rows, means), tf.scalar(1 / std[0])), pixels.shape);
  }
  return tf.mul(tf.sub(pixels, tf.tensor1d([...mean])), tf.tensor1d(std.map((one) => 1 / one))) as Tensor4D;
}

/**
 * The network applied to normalised images [N, H, W, 3]. A BatchNorm with frozen statistics that follows a convolution is
 * folded into it (see fold.ts): the same function, no pass over the map, and the gradient flows through the fold to γ and β.
 */
export function run(network: Network, x: Tensor4D, variable: Lookup, options: ForwardOptions = {}): ForwardResult {
  const training = options.trainStatistics ?? (() => false);
  const folds = foldedBatchNorms(network, training);
  const deferred = deferredActivations(network);
  const postponed = new Set([...deferred.values()].map(({ name }) => name));
  const values = new Map<string, Tensor>();
  const statistics: Record<string, Tensor> = {};
  const input = (layer: Layer, index = 0): Tensor => {
    const value = values.get(layer.inputs[index] ?? '');
    if (value === undefined) throw new Error(`layer '${layer.name}' takes '${layer.inputs[index]}', which was not computed`);
    return value;
  };
  const compute = (layer: Layer): Tensor => {
    switch (layer.kind) {
      case 'input':
        return x;
      case 'conv':
      case 'depthwise-conv': {
        const { kernel, bias } = foldedKernel(layer, folds.get(layer.name), variable);
        const apply = layer.kind === 'conv' ? convolution : depthwiseConvolution;
        const y = apply(input(layer) as Tensor4D, kernel, layer);
        return bias === undefined ? y : addBias(y, bias);
      }
      case 'batch-norm': {
        if (folds.get(layer.inputs[0] ?? '') === layer) return input(layer);
        if (!training(layer)) return frozenBatchNorm(layer, input(layer), variable);
        const channels = input(layer).shape.at(-1) as number;
        const gamma = layer.gamma === undefined ? tf.ones([channels]) : variable(layer.gamma);
        const beta = layer.beta === undefined ? tf.zeros([channels]) : variable(layer.beta);
        const given = [input(layer) as Tensor4D, gamma as Tensor1D, beta as Tensor1D, layer.epsilon] as const;
        const result = options.across === undefined ? batchNormTraining(...given) : batchNormAcross(...given, options.across);
        statistics[layer.mean] = movingAverage(variable(layer.mean), result.mean, layer.momentum);
        statistics[layer.variance] = movingAverage(variable(layer.variance), result.variance, layer.momentum);
        // They were kept beyond the scope of the operation that made them.
        result.mean.dispose();
        result.variance.dispose();
        return result.y;
      }
      case 'layer-norm':
        return layerNorm(layer, input(layer), variable);
      case 'dense': {
        const y = tf.matMul(input(layer) as Tensor2D, variable(layer.kernel) as Tensor2D);
        return layer.bias === undefined ? y : addBias(y, variable(layer.bias));
      }
      case 'activation':
        return postponed.has(layer.name) ? input(layer) : activate(layer, input(layer));
      case 'max-pool':
      case 'average-pool': {
        const pooled = pool(layer, input(layer) as Tensor4D);
        const activation = deferred.get(layer.name);
        return activation === undefined ? pooled : activate(activation, pooled);
      }
      case 'global-average-pool':
        return tf.mean(input(layer), [1, 2], layer.keepDims);
      case 'add':
        return layer.inputs.slice(1).reduce<Tensor>((sum, _, index) => tf.add(sum, input(layer, index + 1)), input(layer));
      case 'concat':
        return tf.concat(
          layer.inputs.map((_, index) => input(layer, index)),
          -1,
        );
      case 'multiply':
        return layer.inputs
          .slice(1)
          .reduce<Tensor>((product, _, index) => tf.mul(product, input(layer, index + 1)), input(layer));
      case 'zero-pad':
        return padded(input(layer) as Tensor4D, layer.padding);
      case 'flatten': {
        const value = input(layer);
        return tf.reshape(value, [value.shape[0] as number, value.shape.slice(1).reduce((product, size) => product * size, 1)]);
      }
    }
  };
  for (const layer of network.layers) {
    const output = compute(layer);
    values.set(layer.name, output);
    options.onOutput?.(layer, output);
    if (layer.name === network.output) break;
  }
  return { output: values.get(network.output) as Tensor, statistics };
}

/** The feature map alone, all statistics frozen. */
export function forward(network: Network, x: Tensor4D, variable: Lookup): Tensor {
  return run(network, x, variable).output;
}

/** A feature map averaged over height and width: [N, H, W, C] → [N, C]; rank 2 is taken as it is. */
export function globalPool(map: Tensor): Tensor2D {
  return (map.rank === 4 ? tf.mean(map, [1, 2]) : map) as Tensor2D;
}

function movingAverage(old: Tensor, batch: Tensor, momentum: number): Tensor {
  return tf.add(tf.mul(old, tf.scalar(momentum)), tf.mul(batch, tf.scalar(1 - momentum)));
}

function frozenBatchNorm(layer: BatchNormLayer, x: Tensor, variable: Lookup): Tensor {
  const inverse = tf.rsqrt(tf.add(variable(layer.variance), tf.scalar(layer.epsilon)));
  const scale = layer.gamma === undefined ? inverse : tf.mul(inverse, variable(layer.gamma));
  const centre = tf.neg(tf.mul(variable(layer.mean), scale));
  // The small vectors first: two passes over the map.
  return tf.add(tf.mul(x, scale), layer.beta === undefined ? centre : tf.add(centre, variable(layer.beta)));
}

function layerNorm(layer: LayerNormLayer, x: Tensor, variable: Lookup): Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), tf.scalar(layer.epsilon)));
  const scaled = tf.mul(centred, layer.gamma === undefined ? inverse : tf.mul(inverse, variable(layer.gamma)));
  return layer.beta === undefined ? scaled : tf.add(scaled, variable(layer.beta));
}
