import { UserError } from '../../errors.js';
import type { ActivationName, Layer, VariableRole } from '../../network/network.js';

/** The configuration of a Keras layer as tfjs-layers gives it back (`getConfig`), all defaults filled in. */
export interface LoadedLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Neutral layers that feed it. */
  readonly inputs: readonly string[];
  /** Roles of the weights that it has. */
  readonly roles: ReadonlySet<VariableRole>;
  readonly stage: string;
}

/** The role of a weight by the last part of its Keras name. */
export function roleOf(weight: string): VariableRole | undefined {
  return roles.get(weight.slice(weight.lastIndexOf('/') + 1));
}

const roles: ReadonlyMap<string, VariableRole> = new Map([
  ['kernel', 'kernel'],
  ['depthwise_kernel', 'kernel'],
  ['bias', 'bias'],
  ['gamma', 'gamma'],
  ['beta', 'beta'],
  ['moving_mean', 'mean'],
  ['moving_variance', 'variance'],
]);

/**
 * The neutral layers of one Keras layer: none for a layer that does nothing when features are read (Dropout), two where an
 * activation is written inside it. The last one carries its output.
 */
export function neutralLayers(layer: LoadedLayer, where: string, taken: ReadonlySet<string>): Layer[] {
  const { name, config, inputs, stage } = layer;
  const base = { name, inputs, stage };
  const variable = (role: VariableRole): string => `${name}/${role}`;
  const bias = layer.roles.has('bias') ? { bias: variable('bias') } : {};
  const refuse = (what: string, expected: string): never => {
    throw new UserError({ where: `${where}: ${name}`, what: `the ${layer.className} ${what}`, expected });
  };
  if (config.dataFormat !== undefined && config.dataFormat !== null && config.dataFormat !== 'channelsLast')
    refuse('is channels-first', 'channels last');
  const padding = (): 'same' | 'valid' => {
    if (config.padding === 'same' || config.padding === 'valid') return config.padding;
    return refuse(`pads '${String(config.padding)}'`, 'same or valid');
  };
  const withActivation = (main: Layer): Layer[] => {
    const activation = activationName(config.activation ?? 'linear', refuse);
    if (activation === 'linear') return [main];
    const plain = `${name}_${activation}`;
    return [main, { kind: 'activation', name: taken.has(plain) ? `${plain}_inside` : plain, inputs: [name], stage, activation }];
  };
  switch (layer.className) {
    case 'InputLayer':
      return [{ ...base, kind: 'input' }];
    case 'Conv2D':
    case 'DepthwiseConv2D':
      return withActivation({
        ...base,
        kind: layer.className === 'Conv2D' ? 'conv' : 'depthwise-conv',
        kernel: variable('kernel'),
        ...bias,
        strides: pair(config.strides),
        dilations: pair(config.dilationRate),
        padding: padding(),
      });
    case 'Dense':
      return withActivation({ ...base, kind: 'dense', kernel: variable('kernel'), ...bias });
    case 'BatchNormalization': {
      const axis = Array.isArray(config.axis) ? config.axis[0] : config.axis;
      if (axis !== -1 && axis !== 3) refuse(`normalises axis ${String(axis)}`, 'the last one (channels)');
      const gamma = layer.roles.has('gamma') ? { gamma: variable('gamma') } : {};
      const beta = layer.roles.has('beta') ? { beta: variable('beta') } : {};
      return [
        {
          ...base,
          kind: 'batch-norm',
          ...gamma,
          ...beta,
          mean: variable('mean'),
          variance: variable('variance'),
          epsilon: Number(config.epsilon),
          momentum: Number(config.momentum),
        },
      ];
    }
    case 'Activation':
      return [{ ...base, kind: 'activation', activation: activationName(config.activation, refuse) }];
    case 'ReLU': {
      const limit = config.maxValue;
      if (limit !== undefined && limit !== null && limit !== 6) refuse(`stops at ${String(limit)}`, 'no limit, or 6');
      return [{ ...base, kind: 'activation', activation: limit === 6 ? 'relu6' : 'relu' }];
    }
    case 'Softmax':
      return [{ ...base, kind: 'activation', activation: 'softmax' }];
    case 'ZeroPadding2D': {
      const sides = config.padding as [[number, number], [number, number]];
      return [{ ...base, kind: 'zero-pad', padding: [...sides[0], ...sides[1]] }];
    }
    case 'MaxPooling2D':
    case 'AveragePooling2D':
      return [
        {
          ...base,
          kind: layer.className === 'MaxPooling2D' ? 'max-pool' : 'average-pool',
          size: pair(config.poolSize),
          strides: pair(config.strides),
          padding: padding(),
        },
      ];
    case 'GlobalAveragePooling2D':
      return [{ ...base, kind: 'global-average-pool', keepDims: false }];
    case 'Add':
      return [{ ...base, kind: 'add' }];
    case 'Flatten':
      return [{ ...base, kind: 'flatten' }];
    case 'Dropout':
    case 'SpatialDropout2D':
      return [];
    default:
      return refuse('is a kind of layer that ft does not read', readable.join(', '));
  }
}

/** The kinds of Keras layers that can be read. */
export const readable = [
  'Activation',
  'Add',
  'AveragePooling2D',
  'BatchNormalization',
  'Conv2D',
  'Dense',
  'DepthwiseConv2D',
  'Dropout',
  'Flatten',
  'GlobalAveragePooling2D',
  'InputLayer',
  'MaxPooling2D',
  'ReLU',
  'Reshape (of pooled features)',
  'Softmax',
  'ZeroPadding2D',
] as const;

/** Activations that can be read, by Keras' names. */
export const activations: ReadonlySet<string> = new Set<ActivationName>([
  'linear',
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'swish',
  'softmax',
]);

function activationName(given: unknown, refuse: (what: string, expected: string) => never): ActivationName {
  const name = typeof given === 'string' ? given : String((given as { className?: unknown } | null)?.className);
  if (activations.has(name)) return name as ActivationName;
  return refuse(`has the activation '${name}'`, [...activations].join(', '));
}

function pair(value: unknown): readonly [number, number] {
  if (Array.isArray(value)) return [Number(value[0]), Number(value[1] ?? value[0])];
  return [Number(value ?? 1), Number(value ?? 1)];
}
