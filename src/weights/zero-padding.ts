import type { ActivationName, Layer } from '../network/network.js';
import { plainPadding } from './explicit-padding.js';

/**
 * Takes zero-padding layers away by handing their rows to the windows after them: to a convolution without padding of its
 * own, and to a max-pool whose input is never negative (there a padded zero never wins over what is there). Elsewhere
 * (an average that counts the zeros, a map that is added or put out) the layer stays.
 */
export function foldZeroPadding(layers: readonly Layer[], output: string, windowOf: WindowOf): Layer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const positive = neverNegativeLayers(layers);
  const folded = layers.map((layer) => withoutPadding(layer, byName, positive, windowOf));
  const used = new Set([output, ...folded.flatMap((layer) => layer.inputs)]);
  return folded.filter((layer) => layer.kind !== 'zero-pad' || used.has(layer.name));
}

type WindowOf = (kernel: string) => readonly [number, number];

/** The layer with the rows of the zero-padding before it as padding of its own, where that is the same function. */
function withoutPadding(
  layer: Layer,
  byName: ReadonlyMap<string, Layer>,
  positive: ReadonlySet<string>,
  windowOf: WindowOf,
): Layer {
  const pad = byName.get(layer.inputs[0] ?? '');
  if (pad?.kind !== 'zero-pad') return layer;
  const inputs = pad.inputs;
  if ((layer.kind === 'conv' || layer.kind === 'depthwise-conv') && layer.padding === 'valid') {
    return { ...layer, inputs, padding: plainPadding(pad.padding, windowOf(layer.kernel), layer.strides, layer.dilations) };
  }
  if (layer.kind === 'max-pool' && layer.padding === 'valid' && positive.has(inputs[0] ?? '')) {
    return { ...layer, inputs, padding: plainPadding(pad.padding, layer.size, layer.strides) };
  }
  return layer;
}

/** Whether a layer's output is never below zero, as far as the kinds of layers tell. `layers` in topological order. */
export function neverNegative(name: string, layers: ReadonlyMap<string, Layer>): boolean {
  return neverNegativeLayers(layers.values()).has(name);
}

/** One pass upwards: a walk down from each pool would take the branches of a sum again and again. */
function neverNegativeLayers(layers: Iterable<Layer>): Set<string> {
  const found = new Set<string>();
  for (const layer of layers) {
    if (keepsFromNegative(layer, found)) found.add(layer.name);
  }
  return found;
}

function keepsFromNegative(layer: Layer, found: ReadonlySet<string>): boolean {
  switch (layer.kind) {
    case 'activation':
      return neverNegativeActivation[layer.activation];
    case 'max-pool':
    case 'average-pool':
    case 'global-average-pool':
    case 'add':
    case 'concat':
    case 'multiply':
    case 'zero-pad':
    case 'flatten':
      return layer.inputs.every((input) => found.has(input));
    case 'input':
    case 'conv':
    case 'depthwise-conv':
    case 'dense':
    case 'batch-norm':
    case 'layer-norm':
      return false;
  }
}

const neverNegativeActivation: Record<ActivationName, boolean> = {
  linear: false,
  relu: true,
  relu6: true,
  sigmoid: true,
  softmax: true,
  swish: false,
  gelu: false,
  'gelu-tanh': false,
  'hard-sigmoid': true,
  'hard-swish': false,
  tanh: false,
  elu: false,
  selu: false,
  softplus: true,
  mish: false,
  'leaky-relu': false,
};
