import { UserError } from '../../errors.js';
import type { Variable, VariableRole } from '../../network/network.js';
import { separableDepthwise } from './layer.js';
import type { KerasLayer } from './model.js';
import type { LayerTensors } from './variable.js';

/** What is known of a map or vector: its rank (4 or 2), and its channels where they do not depend on the size of the image. */
export interface Extent {
  readonly rank: number;
  readonly channels?: number;
}

/** The variables of a layer in ft's layout, and the channels that it puts out; they are undefined where it only passes them on. */
export interface ReadVariables {
  readonly variables: readonly Variable[];
  readonly depthwise: boolean;
  readonly channels?: number;
}

/**
 * The variables of a Keras layer in ft's layout, their shapes checked against its configuration and what feeds it: a convolution with as many
 * groups as channels and a LayerScale become kernels of a depthwise convolution, a Dense on a map that of a 1 × 1 convolution.
 * @throws UserError for one that the file lacks, or of another shape
 */
export function readVariables(layer: KerasLayer, tensors: LayerTensors, input: Extent, where: string): ReadVariables {
  const { name, className, config } = layer;
  const variables: Variable[] = [];
  const channels = input.channels;
  const has = (setting: string): boolean => config[setting] !== false;
  /** The shape of what was read; undefined extents in `expected` may be anything. */
  const take = (
    own: string,
    role: VariableRole,
    expected: readonly (number | undefined)[],
    { shaped, owner = name }: { shaped?: (shape: readonly number[]) => readonly number[]; owner?: string } = {},
  ): readonly number[] => {
    const tensor = tensors.get(own);
    const known = expected.map((extent) => extent ?? 'any').join(', ');
    if (tensor === undefined) {
      throw new UserError({
        where: `${where}: ${name}`,
        what: `the file lacks the ${own} of this ${className}`,
        expected: `[${known}]`,
        found: [...tensors.keys()].join(', ') || 'no variable of this layer',
      });
    }
    const { shape } = tensor;
    if (shape.length !== expected.length || shape.some((extent, at) => extent !== (expected[at] ?? extent))) {
      throw new UserError({
        where: `${where}: ${name}`,
        what: `the ${own} has another shape than this ${className} takes`,
        expected: `[${known}]`,
        found: `[${shape.join(', ')}]`,
      });
    }
    const values = tensor.values();
    variables.push({ name: `${owner}/${role}`, layer: owner, role, shape: shaped?.(shape) ?? [...shape], values });
    return shape;
  };
  const bias = (outputs: number | undefined): void => {
    if (has('use_bias')) take('bias', 'bias', [outputs]);
  };
  const [height, width] = windowOf(config.kernel_size);
  switch (className) {
    case 'Conv2D': {
      const groups = Number(config.groups ?? 1);
      const depthwise = groups > 1;
      if (depthwise && (groups !== channels || tensors.get('kernel')?.shape[2] !== 1)) {
        throw new UserError({
          where: `${where}: ${name}`,
          what: `the Conv2D has groups ${groups}`,
          expected: `1, or as many as channels (${channels ?? 'unknown'}) and a kernel of one channel each`,
        });
      }
      const outputs = numberOf(config.filters);
      // Output channel c·m + j of a grouped convolution is what a depthwise one calls (c, j).
      const shaped = depthwise ? ([h = 0, w = 0, , out = 0]: readonly number[]) => [h, w, groups, out / groups] : undefined;
      const shape = take(
        'kernel',
        'kernel',
        [height, width, depthwise ? 1 : channels, outputs],
        shaped === undefined ? {} : { shaped },
      );
      bias(shape[3]);
      return { variables, depthwise, ...(shape[3] === undefined ? {} : { channels: shape[3] }) };
    }
    case 'DepthwiseConv2D': {
      const [, , inputs = 0, multiplier = 0] = take('kernel', 'kernel', [
        height,
        width,
        channels,
        numberOf(config.depth_multiplier),
      ]);
      bias(inputs * multiplier);
      return { variables, depthwise: true, channels: inputs * multiplier };
    }
    case 'SeparableConv2D': {
      const owner = separableDepthwise(name);
      const [, , inputs = 0, multiplier = 0] = take(
        'kernel',
        'kernel',
        [height, width, channels, numberOf(config.depth_multiplier)],
        { owner },
      );
      const shape = take('pointwise_kernel', 'kernel', [1, 1, inputs * multiplier, numberOf(config.filters)]);
      bias(shape[3]);
      return { variables, depthwise: false, ...(shape[3] === undefined ? {} : { channels: shape[3] }) };
    }
    case 'Dense': {
      const onMap = input.rank === 4 ? { shaped: ([i = 0, o = 0]: readonly number[]) => [1, 1, i, o] } : {};
      const [, units = 0] = take('kernel', 'kernel', [channels, numberOf(config.units)], onMap);
      bias(units);
      return { variables, depthwise: false, channels: units };
    }
    case 'BatchNormalization':
      if (has('scale')) take('gamma', 'gamma', [channels]);
      if (has('center')) take('beta', 'beta', [channels]);
      take('moving_mean', 'mean', [channels]);
      take('moving_variance', 'variance', [channels]);
      break;
    case 'LayerNormalization':
      if (has('scale')) take('gamma', 'gamma', [channels]);
      if (has('center')) take('beta', 'beta', [channels]);
      break;
    case 'LayerScale':
      take('gamma', 'kernel', [channels], { shaped: ([c = 0]) => [1, 1, c, 1] });
      break;
  }
  return { variables, depthwise: className === 'LayerScale', ...(channels === undefined ? {} : { channels }) };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function windowOf(size: unknown): [number | undefined, number | undefined] {
  const list = Array.isArray(size) ? size : [size, size];
  return [numberOf(list[0]), numberOf(list[1] ?? list[0])];
}
