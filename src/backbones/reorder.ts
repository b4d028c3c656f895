import type { Scratch } from '../weights/byte-source.js';
import type { NamedTensor } from '../weights/named-tensor.js';
import { permuted } from '../weights/permute.js';
import type { Layout } from './layout.js';
import type { VariableShape } from './topology.js';

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
const withoutOnes = (shape: readonly number[]) => shape.filter((length) => length !== 1);

/**
 * The shape in which a publisher stores a variable. PyTorch: convolutions [out, in, h, w], depthwise ones [channels, 1, h, w], dense ones
 * [out, in]. Keras: as here.
 */
export function publishedShape(
  { role, shape }: Pick<VariableShape, 'role' | 'shape'>,
  order: Layout['order'],
  depthwise: boolean,
): readonly number[] {
  if (order === 'keras' || role !== 'kernel') return shape;
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  if (shape.length === 2) return [width, height];
  return depthwise ? [inputs * outputs, 1, height, width] : [outputs, inputs, height, width];
}

/** Whether a tensor is of that shape but for axes of one place, or with all that makes one output laid out in a row. */
export function fits(found: readonly number[], published: readonly number[], order: Layout['order']): boolean {
  if (withoutOnes(found).join() === withoutOnes(published).join()) return true;
  const row =
    order === 'keras'
      ? [sizeOf(published.slice(0, -1)), published.at(-1) as number]
      : [published[0] as number, sizeOf(published.slice(1))];
  return published.length > 2 && found.join() === row.join();
}

/** The values of a published tensor in the order of ours: kernels HWIO, depthwise ones HWI·multiplier, dense ones IO. */
export function inOurOrder(
  tensor: NamedTensor,
  { role, shape }: VariableShape,
  order: Layout['order'],
  depthwise: boolean,
  scratch: Scratch,
): Float32Array {
  if (order === 'keras' || role !== 'kernel') return tensor.values();
  const published = publishedShape({ role, shape }, order, depthwise);
  // A depthwise kernel [channels · multiplier, 1, h, w] runs by channel first, as [h, w, channels, multiplier] does in its last two axes.
  return permuted(tensor.values(scratch), published, published.length === 2 ? [1, 0] : [2, 3, 1, 0]);
}
