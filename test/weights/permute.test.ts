import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permuted } from '../../src/weights/permute.js';

/** Number by number, each from its own place. */
function plain(values: Float32Array, shape: readonly number[], perm: readonly number[]): number[] {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const visit = (depth: number, from: number): number[] => {
    const axis = perm[depth];
    if (axis === undefined) return [values[from] as number];
    return Array.from({ length: shape[axis] as number }, (_, at) => visit(depth + 1, from + at * (steps[axis] as number))).flat();
  };
  return visit(0, 0);
}

const count = (size: number) => Float32Array.from({ length: size }, (_, at) => at);

describe('a tensor with its axes in another order', () => {
  it('turns a kernel of PyTorch [2, 3, 1, 2] to [1, 2, 3, 2]', () => {
    expect([...permuted(count(12), [2, 3, 1, 2], [2, 3, 1, 0])]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  it('holds what a loop over every number gives, for any shape and order, beyond a block too', () => {
    const order = fc
      .array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 })
      .chain((shape) =>
        fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }), fc.nat(3)),
      );
    fc.assert(
      fc.property(order, ([shape, perm, long]) => {
        const longer = shape.map((extent, axis) => (axis === long ? 13 * extent : extent));
        const values = count(longer.reduce((product, extent) => product * extent, 1));
        expect([...permuted(values, longer, perm)]).toEqual(plain(values, longer, perm));
      }),
    );
  });

  it('of no numbers has none', () => {
    expect([...permuted(new Float32Array(0), [0, 3], [1, 0])]).toEqual([]);
  });
});
