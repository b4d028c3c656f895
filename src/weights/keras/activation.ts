import type { ActivationName } from '../../network/network.js';

/** Activations that can be read, by Keras' names. */
const NAMES: ReadonlyMap<string, ActivationName> = new Map<string, ActivationName>([
  ['linear', 'linear'],
  ['relu', 'relu'],
  ['relu6', 'relu6'],
  ['sigmoid', 'sigmoid'],
  ['tanh', 'tanh'],
  ['swish', 'swish'],
  ['silu', 'swish'],
  ['softmax', 'softmax'],
  ['gelu', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['elu', 'elu'],
  ['selu', 'selu'],
  ['softplus', 'softplus'],
  ['mish', 'mish'],
  ['leaky_relu', 'leaky-relu'],
  ['hard_silu', 'hard-swish'],
  ['hard_swish', 'hard-swish'],
  ['hard_sigmoid', 'hard-sigmoid'],
]);

/** Keras' names of the activations that can be read. */
export const activations: readonly string[] = [...NAMES.keys()];

/**
 * The activation of a Keras name; undefined where there is none. `hard_sigmoid` is relu6(x + 3)/6 since Keras 3; before, and in tfjs, it was
 * another function, min(max(0.2 x + 0.5, 0), 1): it is read only where the version is known.
 */
export function activationOf(name: unknown, version: string | undefined): ActivationName | undefined {
  if (name === 'hard_sigmoid' && !(Number(version?.split('.')[0] ?? 0) >= 3)) return undefined;
  return typeof name === 'string' ? NAMES.get(name) : undefined;
}

/** The slope of a `leaky_relu` that is named and not a layer: 0.2, as TensorFlow has it. */
export const NAMED_SLOPE = 0.2;
