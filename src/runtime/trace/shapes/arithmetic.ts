/** Arithmetic on shapes as TensorFlow defines it. A size of −1 is one that is not known before the graph runs. */

export function normaliseAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** NumPy's broadcasting rule, from the last axis on. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    if (left === 1) return right;
    if (right === 1 || left === right) return left;
    if (left < 0) return right;
    if (right < 0) return left;
    throw new Error(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
  });
}

export function reduceShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  const gone = new Set(axes.map((axis) => normaliseAxis(axis, shape.length)));
  return keepDims ? shape.map((size, axis) => (gone.has(axis) ? 1 : size)) : shape.filter((_, axis) => !gone.has(axis));
}

/** A wanted shape with its −1 worked out from the number of elements, where that is known. */
export function reshaped(shape: readonly number[], wanted: readonly number[]): number[] {
  const hole = wanted.indexOf(-1);
  if (hole < 0 || shape.some((size) => size < 0)) return [...wanted];
  const total = shape.reduce((product, size) => product * size, 1);
  const rest = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return wanted.map((size) => (size === -1 ? total / rest : size));
}

/** Windows along one axis: TensorFlow's SAME is ⌈n/s⌉, VALID ⌊(n − k_d)/s⌋ + 1 with k_d = (k − 1)·dilation + 1. */
export function windows(size: number, kernel: number, stride: number, dilation: number, padding: string, added: number): number {
  if (size < 0) return -1;
  if (padding === 'SAME') return Math.ceil(size / stride);
  const reach = (kernel - 1) * dilation + 1;
  return Math.max(0, Math.floor((size + (padding === 'EXPLICIT' ? added : 0) - reach) / stride) + 1);
}

export interface ConvShape {
  strides: readonly number[];
  dilations: readonly number[];
  padding: string;
  /** Two numbers for each of the four axes (NHWC), used where padding is EXPLICIT. */
  explicit: readonly number[];
}

export function convOutput(
  input: readonly number[],
  kernel: readonly [number, number],
  channels: number,
  shape: ConvShape,
): number[] {
  const along = (axis: 1 | 2): number =>
    windows(
      input[axis] as number,
      kernel[axis - 1] as number,
      shape.strides[axis] as number,
      shape.dilations[axis] ?? 1,
      shape.padding,
      (shape.explicit[2 * axis] ?? 0) + (shape.explicit[2 * axis + 1] ?? 0),
    );
  return [input[0] as number, along(1), along(2), channels];
}

export function poolOutput(
  input: readonly number[],
  size: readonly number[],
  strides: readonly number[],
  padding: string,
): number[] {
  const along = (axis: 1 | 2): number =>
    windows(input[axis] as number, size[axis] as number, strides[axis] as number, 1, padding, 0);
  return [input[0] as number, along(1), along(2), input[3] as number];
}
