import type { Preprocessing, VariableRole } from '../network/network.js';
import type { NamedTensors } from '../weights/named-tensor.js';
import type { VariableShape } from './topology.js';

/** How one publisher stores the weights of a network. */
export interface Layout {
  readonly name: 'torchvision' | 'timm' | 'keras' | 'efficientnet-pytorch' | 'ft';
  /** What its file calls a variable. */
  readonly nameOf: (variable: VariableShape) => string;
  readonly order: 'pytorch' | 'keras';
  /** What is called so today, where files that are still published go by older names. */
  readonly present?: (name: string) => string;
  /** What its weights were trained on, in RGB. */
  readonly preprocessing: Preprocessing;
  /** The stem takes blue, green, red. */
  readonly bgr?: true;
}

/** The tensors of a file by the names that the publisher has for them today. */
export function presentNames({ present }: Layout, tensors: NamedTensors): NamedTensors {
  return present === undefined ? tensors : new Map([...tensors].map(([name, tensor]) => [present(name), tensor]));
}

/** RGB as torchvision and timm normalise it: 255 times mean and standard deviation of ImageNet. */
export const IMAGENET: Preprocessing = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
/** −1 … 1. */
export const MINUS_ONE_TO_ONE: Preprocessing = { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] };
/** The networks of Caffe: 0–255 minus the mean of ImageNet. */
export const CAFFE: Preprocessing = { mean: [123.68, 116.779, 103.939], std: [1, 1, 1] };

/** Our own names, in our own order: what the cache holds. */
export const OWN_NAMES: Omit<Layout, 'preprocessing'> = { name: 'ft', order: 'keras', nameOf: ({ name }) => name };

const PYTORCH: Record<VariableRole, string> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
};

/** `moduleOf` gives the module of a layer: `layer1.0.conv1`. */
export function pytorchNames(moduleOf: (layer: string) => string): Layout['nameOf'] {
  return ({ layer, role }) => `${moduleOf(layer)}.${PYTORCH[role]}`;
}

const KERAS: Record<VariableRole, string> = {
  kernel: 'kernel',
  bias: 'bias',
  gamma: 'gamma',
  beta: 'beta',
  mean: 'moving_mean',
  variance: 'moving_variance',
};

/** `layerOf` gives the name of the Keras layer. */
export function kerasNames(layerOf: (layer: string) => string): Layout['nameOf'] {
  return ({ layer, role }) => `${layerOf(layer)}/${KERAS[role]}`;
}
