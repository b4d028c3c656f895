import { UserError } from '../../errors.js';
import { channelsOf } from '../../network/channels.js';
import type { Layer, Network, Padding, PoolLayer, VariableRole } from '../../network/network.js';
import { neverNegative } from '../zero-padding.js';
import type { KerasLayer } from './model.js';

/** The last part of a weight's Keras name. */
export function kerasWeight(role: VariableRole, layer: Layer): string {
  switch (role) {
    case 'kernel':
      return layer.kind === 'depthwise-conv' ? 'depthwise_kernel' : 'kernel';
    case 'mean':
      return 'moving_mean';
    case 'variance':
      return 'moving_variance';
    case 'bias':
    case 'gamma':
    case 'beta':
      return role;
  }
}

/** The Keras-2 layers of one neutral layer: a ZeroPadding2D `<name>_pad` before a window with explicit padding, then itself. */
export function kerasLayers(layer: Layer, network: Network): KerasLayer[] {
  const one = (className: string, config: Record<string, unknown> = {}): KerasLayer[] => [
    { name: layer.name, className, config: { name: layer.name, trainable: true, ...config }, inputs: layer.inputs },
  ];
  const windowed = (padding: Padding, className: string, config: Record<string, unknown>): KerasLayer[] => {
    if (typeof padding === 'string') return one(className, { ...config, padding, data_format: 'channels_last' });
    const pad = freeName(`${layer.name}_pad`, network);
    return [
      { ...zeroPadding(pad, padding), inputs: layer.inputs },
      ...one(className, { ...config, padding: 'valid', data_format: 'channels_last' }).map((made) => ({
        ...made,
        inputs: [pad],
      })),
    ];
  };
  const averagePooling = ({ padding, countsPadding, size, strides }: PoolLayer): KerasLayer[] => {
    // Where its zeros count they are a layer of their own; a window without padding counts what is there.
    if (typeof padding !== 'string' && countsPadding !== true)
      throw unwritable(layer.name, 'averages over padding that does not count');
    return windowed(padding, 'AveragePooling2D', { pool_size: size, strides });
  };
  const shapeOf = (variable: string): readonly number[] => network.variables.get(variable)?.shape ?? [];
  switch (layer.kind) {
    case 'input':
      return one('InputLayer', { batch_input_shape: [null, ...inputSides(network), 3], dtype: 'float32', sparse: false });
    case 'conv': {
      const [height, width, , filters] = shapeOf(layer.kernel);
      return windowed(layer.padding, 'Conv2D', {
        filters,
        kernel_size: [height, width],
        strides: layer.strides,
        dilation_rate: layer.dilations,
        use_bias: layer.bias !== undefined,
        activation: 'linear',
      });
    }
    case 'depthwise-conv': {
      const [height, width, , multiplier] = shapeOf(layer.kernel);
      return windowed(layer.padding, 'DepthwiseConv2D', {
        kernel_size: [height, width],
        depth_multiplier: multiplier,
        strides: layer.strides,
        dilation_rate: layer.dilations,
        use_bias: layer.bias !== undefined,
        activation: 'linear',
      });
    }
    case 'dense':
      return one('Dense', { units: shapeOf(layer.kernel)[1], use_bias: layer.bias !== undefined, activation: 'linear' });
    case 'batch-norm':
      return one('BatchNormalization', {
        axis: -1,
        epsilon: layer.epsilon,
        momentum: layer.momentum,
        scale: layer.gamma !== undefined,
        center: layer.beta !== undefined,
      });
    case 'layer-norm':
      return one('LayerNormalization', {
        axis: [-1],
        epsilon: layer.epsilon,
        scale: layer.gamma !== undefined,
        center: layer.beta !== undefined,
      });
    case 'activation':
      if (layer.activation === 'leaky-relu') return one('LeakyReLU', { alpha: layer.slope });
      if (layer.activation === 'hard-sigmoid') return hardSigmoid(layer.name, layer.inputs);
      if (layer.activation === 'hard-swish') {
        const gate = `${layer.name}_gate`;
        return [
          ...hardSigmoid(gate, layer.inputs),
          ...one('Multiply').map((made) => ({ ...made, inputs: [...layer.inputs, gate] })),
        ];
      }
      return one('Activation', { activation: layer.activation === 'gelu-tanh' ? 'gelu_new' : layer.activation });
    case 'average-pool':
      if (layer.ceil === true) throw unwritable(layer.name, 'averages over windows that its map does not fill');
      return averagePooling(layer);
    case 'max-pool': {
      const padding = roundedUp(layer);
      if (typeof padding !== 'string' && !neverNegative(layer.inputs[0] ?? '', layersByName(network)))
        throw unwritable(layer.name, 'takes the maximum over the border of a map that may be negative');
      return windowed(padding, 'MaxPooling2D', { pool_size: layer.size, strides: layer.strides });
    }
    case 'global-average-pool': {
      if (!layer.keepDims) return one('GlobalAveragePooling2D', { data_format: 'channels_last' });
      const pool = freeName(`${layer.name}_pool`, network);
      const channels = channelsOf(layer.name, layersByName(network), network.variables);
      return [
        {
          name: pool,
          className: 'GlobalAveragePooling2D',
          config: { name: pool, data_format: 'channels_last' },
          inputs: layer.inputs,
        },
        ...one('Reshape', { target_shape: [1, 1, channels] }).map((made) => ({ ...made, inputs: [pool] })),
      ];
    }
    case 'add':
      return one('Add');
    case 'concat':
      return one('Concatenate', { axis: -1 });
    case 'multiply':
      return one('Multiply');
    case 'zero-pad':
      return [{ ...zeroPadding(layer.name, layer.padding), inputs: layer.inputs }];
    case 'flatten':
      return one('Flatten', { data_format: 'channels_last' });
  }
}

/** relu6(x + 3) / 6 out of what Keras 2 has, whose own `hard_sigmoid` has another slope. */
function hardSigmoid(name: string, inputs: readonly string[]): KerasLayer[] {
  const [shifted, clipped] = [`${name}_shifted`, `${name}_clipped`];
  return [
    { name: shifted, className: 'Rescaling', config: { name: shifted, scale: 1, offset: 3 }, inputs },
    { name: clipped, className: 'ReLU', config: { name: clipped, max_value: 6 }, inputs: [shifted] },
    { name, className: 'Rescaling', config: { name, scale: 1 / 6, offset: 0 }, inputs: [clipped] },
  ];
}

/**
 * The padding of a max-pool that rounds its extents up, where it rounds down: stride − 1 more at the end, since
 * ⌈(n − k) / s⌉ = ⌊(n + s − 1 − k) / s⌋. No window may begin in what is added, which PyTorch leaves out.
 */
function roundedUp({ name, ceil, padding, size, strides }: PoolLayer): Padding {
  if (ceil !== true || padding === 'same') return padding;
  const [top, bottom, left, right] = padding === 'valid' ? [0, 0, 0, 0] : padding;
  if (size[0] - bottom < strides[0] || size[1] - right < strides[1])
    throw unwritable(name, 'rounds up where a window may lie outside its map');
  return [top, bottom + strides[0] - 1, left, right + strides[1] - 1];
}

function unwritable(layer: string, what: string): UserError {
  return new UserError({
    where: layer,
    what: `this pool ${what}: Keras, and so a tfjs layers model, has no such pool`,
    mend: 'ft weights convert --to onnx',
  });
}

/** The name, or the nearest one that no layer of the network has: ResNet-v2 has a `conv1_pad` of its own. */
function freeName(name: string, network: Network): string {
  return layersByName(network).has(name) ? freeName(`${name}_`, network) : name;
}

function zeroPadding(name: string, [top, bottom, left, right]: readonly [number, number, number, number]): KerasLayer {
  return {
    name,
    className: 'ZeroPadding2D',
    config: {
      name,
      trainable: true,
      padding: [
        [top, bottom],
        [left, right],
      ],
      data_format: 'channels_last',
    },
    inputs: [],
  };
}

/** Any size of image, but where a flattened map fixes it. */
function inputSides(network: Network): [number | null, number | null] {
  return network.layers.some((layer) => layer.kind === 'flatten') ? [network.side, network.side] : [null, null];
}

function layersByName(network: Network): Map<string, Layer> {
  return new Map(network.layers.map((layer) => [layer.name, layer]));
}
