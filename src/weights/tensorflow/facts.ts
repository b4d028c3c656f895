import type { Layer, Padding, Variable } from '../../network/network.js';
import type { Facts } from './pattern.js';

/** What a layer puts out, from what its inputs put out. */
export function factsOf(layer: Layer, inputs: readonly Facts[], variables: readonly Variable[], side: number): Facts {
  const [input] = inputs;
  const { name } = layer;
  const below = input ?? { name, rank: 4 as const, channels: 3, height: side, width: side };
  const { rank, channels, height, width } = below;
  const kernel = variables.find(({ role }) => role === 'kernel')?.shape ?? [];
  switch (layer.kind) {
    case 'input':
      return { name, rank: 4, channels: 3, height: side, width: side };
    case 'conv':
    case 'depthwise-conv': {
      const [high = 1, wide = 1, taken = 0, made = 0] = kernel;
      const size = [
        outputLength(height, high, layer.strides[0], layer.dilations[0], sides(layer.padding, 0)),
        outputLength(width, wide, layer.strides[1], layer.dilations[1], sides(layer.padding, 1)),
      ] as const;
      return { name, rank, channels: layer.kind === 'conv' ? made : taken * made, height: size[0], width: size[1] };
    }
    case 'max-pool':
    case 'average-pool':
      return {
        name,
        rank,
        channels,
        height: outputLength(height, layer.size[0], layer.strides[0], 1, sides(layer.padding, 0)),
        width: outputLength(width, layer.size[1], layer.strides[1], 1, sides(layer.padding, 1)),
      };
    case 'global-average-pool':
      return { name, rank: layer.keepDims ? 4 : 2, channels, height: 1, width: 1, pooled: below };
    case 'zero-pad': {
      const [top, bottom, left, right] = layer.padding;
      return { name, rank, channels, height: height + top + bottom, width: width + left + right };
    }
    case 'dense':
      return { name, rank: 2, channels: kernel[1] ?? 0, height: 1, width: 1 };
    case 'flatten':
      return { name, rank: 2, channels: channels * height * width, height: 1, width: 1 };
    case 'concat':
      return { name, rank, channels: inputs.reduce((sum, one) => sum + one.channels, 0), height, width };
    case 'batch-norm':
    case 'layer-norm':
    case 'activation':
    case 'add':
    case 'multiply':
      return { name, rank, channels, height, width };
  }
}

/** The rows (axis 0) or columns (axis 1) that a padding adds, or 'same'. */
function sides(padding: Padding, axis: 0 | 1): number | 'same' {
  if (padding === 'same') return 'same';
  if (padding === 'valid') return 0;
  const [top, bottom, left, right] = padding;
  return axis === 0 ? top + bottom : left + right;
}

function outputLength(length: number, window: number, stride: number, dilation: number, added: number | 'same'): number {
  if (added === 'same') return Math.ceil(length / stride);
  return Math.floor((length + added - (window - 1) * dilation - 1) / stride) + 1;
}
