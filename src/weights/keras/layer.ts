import { UserError } from '../../errors.js';
import type { ActivationName, Layer, VariableRole } from '../../network/network.js';
import { activationOf, NAMED_SLOPE } from './activation.js';

/** A Keras layer whose variables have been read, with what it takes. */
export interface ReadLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Neutral layers that feed it. */
  readonly inputs: readonly string[];
  /** 4 for a map, 2 for a vector. */
  readonly rank: number;
  /** Roles of the variables that it has. */
  readonly roles: ReadonlySet<VariableRole>;
  readonly stage: string;
  /** Each channel has a kernel of its own. */
  readonly depthwise: boolean;
}

/** The kinds of Keras layers that can be read. */
export const readable = [
  'Activation',
  'Add',
  'AveragePooling2D',
  'BatchNormalization',
  'Concatenate',
  'Conv2D',
  'Dense',
  'DepthwiseConv2D',
  'Dropout',
  'ELU',
  'Flatten',
  'GlobalAveragePooling2D',
  'InputLayer',
  'LayerNormalization',
  'LayerScale',
  'LeakyReLU',
  'MaxPooling2D',
  'Multiply',
  'Normalization (of the input)',
  'ReLU',
  'Rescaling (of the input)',
  'Reshape (of pooled features)',
  'SeparableConv2D',
  'Softmax',
  'SpatialDropout2D',
  'StochasticDepth',
  'ZeroPadding2D',
] as const;

/** The layer before a SeparableConv2D's own: the kernels of its channels. */
export function separableDepthwise(name: string): string {
  return `${name}_depthwise`;
}

/**
 * The neutral layers of one Keras layer: none for a layer that does nothing when features are read (Dropout), two where an
 * activation is written inside it. The last one carries its output.
 */
export function neutralLayers(layer: ReadLayer, where: string, taken: ReadonlySet<string>, version?: string): Layer[] {
  const { name, config, inputs, stage, rank } = layer;
  const base = { name, inputs, stage };
  const variable = (role: VariableRole): string => `${name}/${role}`;
  const optional = (role: 'bias' | 'gamma' | 'beta') => (layer.roles.has(role) ? { [role]: variable(role) } : {});
  const refuse = (what: string, expected: string): never => {
    throw new UserError({ where: `${where}: ${name}`, what: `the ${layer.className} ${what}`, expected });
  };
  const activation = (): ActivationName =>
    activationOf(config.activation ?? 'linear', version) ??
    refuse(`has the activation '${config.activation}'`, 'one that ft reads');
  const withActivation = (...main: Layer[]): Layer[] => {
    const own = activation();
    if (own === 'linear') return main;
    const plain = `${name}_${own}`;
    const free = taken.has(plain) ? `${plain}_inside` : plain;
    return [...main, { kind: 'activation', name: free, inputs: [name], stage, ...named(own) }];
  };
  const window = () => ({ strides: pair(config.strides), padding: config.padding === 'same' ? 'same' : 'valid' }) as const;
  const plain = { strides: [1, 1], dilations: [1, 1], padding: 'valid' } as const;
  const needsMap = (): void => {
    if (rank !== 4) refuse('takes a vector', 'a feature map');
  };
  const axisOfChannels = (): void => {
    if (config.axis !== undefined && config.axis !== -1 && config.axis !== rank - 1)
      refuse(`has the axis ${JSON.stringify(config.axis)}`, 'the last one (channels)');
  };
  switch (layer.className) {
    case 'InputLayer':
      return [{ ...base, kind: 'input' }];
    case 'Conv2D':
    case 'DepthwiseConv2D':
      needsMap();
      return withActivation({
        ...base,
        kind: layer.depthwise ? 'depthwise-conv' : 'conv',
        kernel: variable('kernel'),
        ...optional('bias'),
        ...window(),
        dilations: pair(config.dilation_rate),
      });
    case 'SeparableConv2D': {
      needsMap();
      const first = separableDepthwise(name);
      if (taken.has(first)) refuse(`needs the name '${first}'`, 'a name that no other layer has');
      return withActivation(
        {
          ...base,
          kind: 'depthwise-conv',
          name: first,
          kernel: `${first}/kernel`,
          ...window(),
          dilations: pair(config.dilation_rate),
        },
        { ...base, inputs: [first], kind: 'conv', kernel: variable('kernel'), ...optional('bias'), ...plain },
      );
    }
    case 'LayerScale':
      needsMap();
      return [{ ...base, kind: 'depthwise-conv', kernel: variable('kernel'), ...plain }];
    case 'Dense': {
      const weights = { kernel: variable('kernel'), ...optional('bias') };
      // Dense on a map is a convolution of 1 × 1.
      return withActivation(
        rank === 4 ? { ...base, kind: 'conv', ...weights, ...plain } : { ...base, kind: 'dense', ...weights },
      );
    }
    case 'BatchNormalization':
      axisOfChannels();
      return [
        {
          ...base,
          kind: 'batch-norm',
          ...optional('gamma'),
          ...optional('beta'),
          mean: variable('mean'),
          variance: variable('variance'),
          epsilon: Number(config.epsilon ?? 1e-3),
          momentum: Number(config.momentum ?? 0.99),
        },
      ];
    case 'LayerNormalization':
      axisOfChannels();
      return [
        { ...base, kind: 'layer-norm', ...optional('gamma'), ...optional('beta'), epsilon: Number(config.epsilon ?? 1e-3) },
      ];
    case 'Activation':
      return activation() === 'linear' ? [] : [{ ...base, kind: 'activation', ...named(activation()) }];
    case 'ReLU':
      return [{ ...base, kind: 'activation', activation: config.max_value === 6 ? 'relu6' : 'relu' }];
    case 'LeakyReLU':
      // Keras 3 says negative_slope, 2 alpha; 0.3 is the layer's own of both.
      return [
        { ...base, kind: 'activation', activation: 'leaky-relu', slope: Number(config.negative_slope ?? config.alpha ?? 0.3) },
      ];
    case 'ELU':
      return [{ ...base, kind: 'activation', activation: 'elu' }];
    case 'Softmax':
      axisOfChannels();
      return [{ ...base, kind: 'activation', activation: 'softmax' }];
    case 'ZeroPadding2D':
      needsMap();
      return [{ ...base, kind: 'zero-pad', padding: sides(config.padding ?? 1) }];
    case 'MaxPooling2D':
    case 'AveragePooling2D': {
      needsMap();
      const kind = layer.className === 'MaxPooling2D' ? 'max-pool' : 'average-pool';
      const size = pair(config.pool_size ?? 2);
      return [{ ...base, kind, size, ...window(), strides: pair(config.strides ?? size) }];
    }
    case 'GlobalAveragePooling2D':
      needsMap();
      return [{ ...base, kind: 'global-average-pool', keepDims: config.keepdims === true }];
    case 'Add':
      return [{ ...base, kind: 'add' }];
    case 'Multiply':
      return [{ ...base, kind: 'multiply' }];
    case 'Concatenate':
      axisOfChannels();
      return [{ ...base, kind: 'concat' }];
    case 'Flatten':
      return rank === 2 ? [] : [{ ...base, kind: 'flatten' }];
    case 'Dropout':
    case 'SpatialDropout2D':
    case 'StochasticDepth':
      return [];
    default:
      return refuse('is a kind of layer that ft does not read', readable.join(', '));
  }
}

function named(activation: ActivationName): { activation: ActivationName; slope?: number } {
  return activation === 'leaky-relu' ? { activation, slope: NAMED_SLOPE } : { activation };
}

function pair(value: unknown): readonly [number, number] {
  if (Array.isArray(value)) return [Number(value[0]), Number(value[1] ?? value[0])];
  return [Number(value ?? 1), Number(value ?? 1)];
}

/** One number for all sides, one for each axis, or two for each axis. */
function sides(value: unknown): readonly [top: number, bottom: number, left: number, right: number] {
  const axes = Array.isArray(value) ? value : [value, value];
  const [rows, columns] = [pair(axes[0]), pair(axes[1] ?? axes[0])];
  return [...rows, ...columns];
}
