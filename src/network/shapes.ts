/** The shapes that feature maps take in a network: pure arithmetic, the same that the convolutions follow. */
import { UserError } from '../errors.js';
import type { Layer, Network, Padding, Variable } from './network.js';

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
      return [...windowed(map, layer.size, layer.strides, [1, 1], layer.padding), map[2]];
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
    case 'batch-norm':
    case 'activation':
      return input();
  }
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
