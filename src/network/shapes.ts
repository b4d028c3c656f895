/** The shapes that feature maps take in a network: pure arithmetic, the same that the convolutions follow. */
import { UserError } from '../errors.js';
import type { Layer, Network, Padding, PoolLayer, Variable } from './network.js';

/** Height, width and channels of a feature map; the length alone where a layer's output is a vector. The batch is left out. */
export type OutputShape = readonly [height: number, width: number, channels: number] | readonly [length: number];

/**
 * Rows (or columns) that a window leaves of `size`: 'same' ⌈size / stride⌉; 'valid' ⌊(size − e) / stride⌋ + 1 with the extent
 * e = (window − 1) · dilation + 1; explicit padding is added to the size first.
 */
export function windowSteps(
  size: number,
  window: number,
  stride: number,
  dilation: number,
  padding: 'same' | 'valid' | number,
): number {
  if (padding === 'same') return Math.ceil(size / stride);
  const padded = size + (padding === 'valid' ? 0 : padding);
  return Math.floor((padded - ((window - 1) * dilation + 1)) / stride) + 1;
}

/** The output shape of every layer for square images of `side` pixels. */
export function outputShapes(network: Network, side: number): Map<string, OutputShape> {
  const shapes = new Map<string, OutputShape>();
  for (const layer of network.layers) {
    const shape = outputShape(
      layer,
      layer.inputs.map((name) => shapeOf(shapes, name, layer)),
      network.variables,
      side,
    );
    if (shape.some((extent) => extent < 1)) {
      throw new UserError({
        what: `images of ${side} pixels are too small for ${network.name}: nothing is left at layer '${layer.name}'`,
        expected: `a larger side (the weights were trained at ${network.side})`,
        mend: `raise data.side`,
      });
    }
    shapes.set(layer.name, shape);
  }
  return shapes;
}

function outputShape(layer: Layer, inputs: OutputShape[], variables: ReadonlyMap<string, Variable>, side: number): OutputShape {
  const input = (): OutputShape => {
    const first = inputs[0];
    if (first === undefined) throw new Error(`layer '${layer.name}' has no input`);
    return first;
  };
  switch (layer.kind) {
    case 'input':
      return [side, side, 3];
    case 'conv':
    case 'depthwise-conv': {
      const [rows = 0, columns = 0, channels = 0, out = 0] = kernelShape(layer.kernel, variables);
      const map = windowed(mapOf(input(), layer), [rows, columns], layer.strides, layer.dilations, layer.padding);
      return [map[0], map[1], layer.kind === 'conv' ? out : channels * out];
    }
    case 'max-pool':
    case 'average-pool': {
      const map = mapOf(input(), layer);
      const padding = paddingAt(layer, [map[0], map[1]]);
      return [...windowed(map, layer.size, layer.strides, [1, 1], padding), map[2]];
    }
    case 'zero-pad': {
      const [height, width, channels] = mapOf(input(), layer);
      const [top, bottom, left, right] = layer.padding;
      return [height + top + bottom, width + left + right, channels];
    }
    case 'global-average-pool': {
      const channels = mapOf(input(), layer)[2];
      return layer.keepDims ? [1, 1, channels] : [channels];
    }
    case 'dense':
      return [kernelShape(layer.kernel, variables)[1] ?? 0];
    case 'flatten':
      return [input().reduce((product, extent) => product * extent, 1)];
    case 'add': {
      const first = input();
      const odd = inputs.find((shape) => shape.join() !== first.join());
      if (odd !== undefined) throw new Error(`layer '${layer.name}' adds shapes [${first}] and [${odd}]`);
      return first;
    }
    case 'concat': {
      const [height, width] = mapOf(input(), layer);
      const maps = inputs.map((shape) => mapOf(shape, layer));
      const odd = maps.find((shape) => shape[0] !== height || shape[1] !== width);
      if (odd !== undefined) throw new Error(`layer '${layer.name}' puts [${odd}] beside [${input()}]`);
      return [height, width, maps.reduce((sum, shape) => sum + shape[2], 0)];
    }
    case 'multiply':
      return inputs.reduce((shape, other) => broadcast(shape, other, layer), input());
    case 'batch-norm':
    case 'layer-norm':
    case 'activation':
      return input();
  }
}

/** A map times factors for its channels is as large as the map. */
function broadcast(a: OutputShape, b: OutputShape, layer: Layer): OutputShape {
  const factors = (shape: OutputShape) => shape.length === 3 && shape[0] === 1 && shape[1] === 1;
  if (a.join() === b.join() || (a.at(-1) === b.at(-1) && factors(b))) return a;
  if (a.at(-1) === b.at(-1) && factors(a)) return b;
  throw new Error(`layer '${layer.name}' multiplies shapes [${a}] and [${b}]`);
}

function windowed(
  [height, width]: readonly number[],
  window: readonly [number, number],
  strides: readonly [number, number],
  dilations: readonly [number, number],
  padding: Padding,
): [number, number] {
  const [top, bottom, left, right] = typeof padding === 'string' ? [0, 0, 0, 0] : padding;
  const [vertical, horizontal] = typeof padding === 'string' ? [padding, padding] : [top + bottom, left + right];
  return [
    windowSteps(height ?? 0, window[0], strides[0], dilations[0], vertical),
    windowSteps(width ?? 0, window[1], strides[1], dilations[1], horizontal),
  ];
}

/** The padding of a pool on a map of this size: with `ceil`, as much more at the end as the last window reaches over it. */
export function paddingAt(layer: PoolLayer, size: readonly [number, number]): Padding {
  if (layer.ceil !== true || layer.padding === 'same') return layer.padding;
  const [top, bottom, left, right] = layer.padding === 'valid' ? [0, 0, 0, 0] : layer.padding;
  const over = (axis: 0 | 1, before: number, after: number): number => {
    const [window, stride] = [layer.size[axis], layer.strides[axis]];
    const padded = size[axis] + before + after;
    let steps = Math.ceil((padded - window) / stride) + 1;
    // The last window must begin on the map or before it.
    if ((steps - 1) * stride >= size[axis] + before) steps--;
    return after + Math.max(0, (steps - 1) * stride + window - padded);
  };
  return [top, over(0, top, bottom), left, over(1, left, right)];
}

function mapOf(shape: OutputShape, layer: Layer): readonly [number, number, number] {
  if (shape.length !== 3) throw new Error(`layer '${layer.name}' (${layer.kind}) takes a feature map, and its input is a vector`);
  return shape;
}

function kernelShape(name: string, variables: ReadonlyMap<string, Variable>): readonly number[] {
  const kernel = variables.get(name);
  if (kernel === undefined) throw new Error(`there is no variable '${name}'`);
  return kernel.shape;
}

function shapeOf(shapes: ReadonlyMap<string, OutputShape>, name: string, layer: Layer): OutputShape {
  const shape = shapes.get(name);
  if (shape === undefined) throw new Error(`layer '${layer.name}' takes '${name}', which does not come before it`);
  return shape;
}
