import { type Tensor, type Tensor1D, type Tensor4D, tf } from '../runtime/tensorflow.js';
import { type BatchNormLayer, type ConvLayer, consumerCounts, type DepthwiseConvLayer, type Network } from './network.js';

/**
 * Which BatchNorm each convolution swallows: its only consumer is a BatchNorm whose statistics are frozen. By name of the
 * convolution.
 */
export function foldedBatchNorms(
  network: Network,
  training: (layer: BatchNormLayer) => boolean,
): ReadonlyMap<string, BatchNormLayer> {
  const consumers = consumerCounts(network.layers);
  const kinds = new Map(network.layers.map((layer) => [layer.name, layer.kind]));
  const folds = new Map<string, BatchNormLayer>();
  for (const layer of network.layers) {
    const source = layer.inputs[0] ?? '';
    if (layer.kind !== 'batch-norm' || training(layer)) continue;
    const kind = kinds.get(source);
    if ((kind === 'conv' || kind === 'depthwise-conv') && consumers.get(source) === 1 && source !== network.output)
      folds.set(source, layer);
  }
  return folds;
}

/**
 * Kernel and bias of a convolution with its BatchNorm folded in: with s = γ/√(σ² + ε), `γ(conv(x, w) + b − μ)/√(σ² + ε) + β`
 * is `conv(x, w·s) + (β + (b − μ)·s)`. Made of the variables by operations, so gradients reach w, b, γ and β.
 */
export function foldedKernel(
  layer: ConvLayer | DepthwiseConvLayer,
  norm: BatchNormLayer | undefined,
  variable: (name: string) => Tensor,
): { kernel: Tensor4D; bias: Tensor1D | undefined } {
  const kernel = variable(layer.kernel) as Tensor4D;
  const bias = layer.bias === undefined ? undefined : (variable(layer.bias) as Tensor1D);
  if (norm === undefined) return { kernel, bias };
  const inverse = tf.rsqrt(tf.add(variable(norm.variance), tf.scalar(norm.epsilon)));
  const scale = norm.gamma === undefined ? inverse : tf.mul(inverse, variable(norm.gamma));
  const [, , inputs, outputs] = kernel.shape;
  // A depthwise kernel is [h, w, channels, multiplier] and its output channels run channel-major.
  const scaled = tf.mul(kernel, layer.kind === 'conv' ? scale : tf.reshape(scale, [inputs, outputs]));
  const centre = bias === undefined ? tf.neg(variable(norm.mean)) : tf.sub(bias, variable(norm.mean));
  const shift = tf.mul(centre, scale);
  return { kernel: scaled as Tensor4D, bias: (norm.beta === undefined ? shift : tf.add(shift, variable(norm.beta))) as Tensor1D };
}
