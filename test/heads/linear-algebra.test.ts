import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inDoubles } from '../../src/heads/linear-algebra.js';
import { backend, tf } from '../../src/runtime/tensorflow.js';

const matrix = (rows: number, columns: number) =>
  fc
    .array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: rows * columns, maxLength: rows * columns })
    .map((values) => Float64Array.from(values));

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) out[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
  }
  return out;
}
const transpose = (a: Float64Array, n: number) => a.map((_, at) => a[(at % n) * n + Math.floor(at / n)]!);
const expectClose = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number) => {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(found[i]! - wanted[i]!)).toBeLessThanOrEqual(tolerance);
};

describe('double-precision matrices', () => {
  it('come back bit for bit, from a view in the middle of a buffer too', () => {
    const values = new Float64Array([9, 1 / 3, Math.PI, 1e-300, -0, 5e-324, 9]).subarray(1, 6);
    const back = inDoubles((doubles) => doubles.get(doubles.put(values, 5, 1)));
    expect([...back].map((value, at) => Object.is(value, values[at]))).toEqual([true, true, true, true, true]);
  });

  it('multiply as three loops do, transposed or not', () => {
    fc.assert(
      fc.property(matrix(4, 4), matrix(4, 4), fc.boolean(), fc.boolean(), (a, b, transposeA, transposeB) => {
        const found = inDoubles((doubles) => {
          const [left, right] = [doubles.put(a, 4, 4), doubles.put(b, 4, 4)];
          return doubles.get(doubles.multiply(left, right, { transposeA, transposeB }));
        });
        expectClose(found, product(transposeA ? transpose(a, 4) : a, transposeB ? transpose(b, 4) : b, 4), 1e-12);
      }),
      { numRuns: 30 },
    );
  });

  it('keep the shape of a product of matrices that are not square', () => {
    const shape = inDoubles((doubles) => {
      const [a, b] = [doubles.put(new Float64Array(6), 3, 2), doubles.put(new Float64Array(15), 5, 3)];
      const { rows, columns } = doubles.multiply(a, b, { transposeA: true, transposeB: true });
      return [rows, columns];
    });
    expect(shape).toEqual([2, 5]);
  });

  it('are L·Lᵀ of their Cholesky factor, and a solve undoes a product', () => {
    fc.assert(
      fc.property(matrix(5, 5), matrix(5, 5), (a, b) => {
        const positive = product(a, transpose(a, 5), 5).map((value, at) => value + (at % 6 === 0 ? 1 : 0));
        inDoubles((doubles) => {
          const lower = doubles.cholesky(doubles.put(positive, 5, 5));
          if (lower === undefined) throw new Error('no factor');
          const l = doubles.get(lower);
          expect(l[1]).toBe(0);
          expectClose(product(l, transpose(l, 5), 5), positive, 1e-10);
          expectClose(product(l, doubles.get(doubles.solveLower(lower, doubles.put(b, 5, 5))), 5), b, 1e-9);
          const solved = doubles.get(doubles.solveLower(lower, doubles.put(b, 5, 5), { transpose: true }));
          expectClose(product(transpose(l, 5), solved, 5), b, 1e-9);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('have no Cholesky factor where they are singular, indefinite or not finite', () => {
    for (const values of [
      [1, 1, 1, 1],
      [1, 2, 2, 1],
      [0, 0, 0, 0],
      [Number.NaN, 0, 0, 1],
    ]) {
      expect(inDoubles((doubles) => doubles.cholesky(doubles.put(Float64Array.from(values), 2, 2)))).toBeUndefined();
    }
  });

  it('have eigenvectors in the columns, for eigenvalues in ascending order', () => {
    fc.assert(
      fc.property(matrix(5, 5), (a) => {
        const symmetric = a.map((value, at) => value + transpose(a, 5)[at]!);
        const { values, vectors } = inDoubles((doubles) => {
          const eigen = doubles.symmetricEigen(doubles.put(symmetric, 5, 5));
          return { values: eigen.values, vectors: doubles.get(eigen.vectors) };
        });
        expect([...values]).toEqual([...values].sort((x, y) => x - y));
        const scaled = vectors.map((value, at) => value * values[at % 5]!);
        expectClose(product(symmetric, vectors, 5), scaled, 1e-12 * 50);
        expectClose(product(scaled, transpose(vectors, 5), 5), symmetric, 1e-12 * 50);
      }),
      { numRuns: 30 },
    );
  });

  it('refuse values that do not fill their shape', () => {
    expect(() => inDoubles((doubles) => doubles.put(new Float64Array(5), 2, 3))).toThrow('5 values are not 2 × 3');
  });

  it('are released on the native side when the work is done, and when it fails', () => {
    const before = tf.memory().numTensors;
    const made: number[] = [];
    inDoubles((doubles) => {
      const a = doubles.put(new Float64Array([2]), 1, 1);
      made.push(a.id, doubles.multiply(a, a).id, doubles.symmetricEigen(a).vectors.id);
    });
    expect(() =>
      inDoubles((doubles) => {
        made.push(doubles.put(new Float64Array([2]), 1, 1).id);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(made.length).toBe(4);
    for (const id of made) expect(() => backend().binding.deleteTensor(id)).toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });
});
