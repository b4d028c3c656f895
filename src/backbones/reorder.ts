import type { NamedTensor } from '../weights/named-tensor.js';
import type { Layout } from './layout.js';
import type { VariableShape } from './topology.js';

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
const withoutOnes = (shape: readonly number[]) => shape.filter((length) => length !== 1);

/**
 * The shape in which a publisher stores a variable. PyTorch: convolutions [out, in, h, w], depthwise ones [channels, 1, h, w], dense ones
 * [out, in]. Keras: as here.
 */
export function publishedShape({ role, shape }: VariableShape, order: Layout['order'], depthwise: boolean): readonly number[] {
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
): Float32Array {
  const values = tensor.values();
  if (order === 'keras' || role !== 'kernel') return values;
  const [height, width, inputs, outputs] =
    shape.length === 2 ? [1, 1, shape[0] as number, shape[1] as number] : (shape as [number, number, number, number]);
  // A depthwise kernel [channels · multiplier, 1, h, w] runs by channel first, as [h, w, channels, multiplier] does in its last two axes.
  const [outer, inner] = depthwise ? [inputs * outputs, 1] : [outputs, inputs];
  return turned(values, outer, inner, height * width);
}

/** Outputs and inputs of a kernel that are turned together: a block of them stays in the processor's cache. */
const BLOCK = 32;

/** [outer, inner, places] → [places, inner, outer], block by block: number by number every write would miss the cache. */
function turned(values: Float32Array, outer: number, inner: number, places: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let firstO = 0; firstO < outer; firstO += BLOCK) {
    const lastO = Math.min(firstO + BLOCK, outer);
    for (let firstI = 0; firstI < inner; firstI += BLOCK) {
      const lastI = Math.min(firstI + BLOCK, inner);
      for (let place = 0; place < places; place++)
        for (let i = firstI; i < lastI; i++) {
          const to = (place * inner + i) * outer;
          for (let o = firstO; o < lastO; o++) result[to + o] = values[(o * inner + i) * places + place] as number;
        }
    }
  }
  return result;
}
