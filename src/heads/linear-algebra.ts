/**
 * Dense linear algebra in double precision, by TensorFlow's own kernels called by name.
 *
 * tfjs has no double type: its tensors of features are float32, and on a GPU its products round to TF32. The binding,
 * though, runs any kernel on handles it made itself. Doubles enter and leave as pairs of int32 through `Bitcast`, so not one
 * bit is lost, and between the two they stay on the native side.
 */
import { type Binding, backend, type OpAttribute } from '../runtime/tensorflow.js';

// Numbers of TensorFlow's data types that the binding does not name.
const DT_DOUBLE = 2;
const DT_INT32 = 3;

/** A matrix of doubles on the native side. It lives until the `inDoubles` that made it returns. */
export interface Matrix {
  readonly id: number;
  readonly rows: number;
  readonly columns: number;
}

/** The operations inside `inDoubles`. A matrix of an outer `inDoubles` may be used in an inner one. */
export interface Doubles {
  /** Copies row-major values in; `rows · columns` of them. */
  put(values: Float64Array, rows: number, columns: number): Matrix;
  /** Copies a matrix out, row-major. */
  get(matrix: Matrix): Float64Array;
  /** `a·b`, either of them transposed first. */
  multiply(a: Matrix, b: Matrix, options?: { transposeA?: boolean; transposeB?: boolean }): Matrix;
  /** The lower triangular L with `L·Lᵀ = a`, or undefined where `a` is not positive definite. */
  cholesky(a: Matrix): Matrix | undefined;
  /** The X with `L·X = b`, or `Lᵀ·X = b` where `transpose` is set; L is lower triangular. */
  solveLower(l: Matrix, b: Matrix, options?: { transpose?: boolean }): Matrix;
  /** Eigenvalues of a symmetric matrix in ascending order, and its eigenvectors as the columns of a matrix. */
  symmetricEigen(a: Matrix): { values: Float64Array; vectors: Matrix };
}

/** Runs `work` over double-precision matrices and releases every one that was made in it. */
export function inDoubles<T>(work: (doubles: Doubles) => T): T {
  const kept: number[] = [];
  try {
    return work(operations(backend().binding, kept));
  } finally {
    for (const id of kept) backend().binding.deleteTensor(id);
  }
}

function operations(native: Binding, kept: number[]): Doubles {
  const type = (name: string, value: number): OpAttribute => ({ name, type: native.TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: native.TF_ATTR_BOOL, value });

  const run = (op: string, attributes: OpAttribute[], inputs: Matrix[], shapes: [rows: number, columns: number][]): Matrix[] => {
    const made = native.executeOp(
      op,
      attributes,
      inputs.map((input) => input.id),
      shapes.length,
    );
    kept.push(...made.map((tensor) => tensor.id));
    return shapes.map(([rows, columns], index) => ({ id: (made[index] as { id: number }).id, rows, columns }));
  };
  const one = (...call: Parameters<typeof run>) => run(...call)[0] as Matrix;

  const get = ({ id, rows, columns }: Matrix): Float64Array => {
    const [pairs] = native.executeOp('Bitcast', [type('T', DT_DOUBLE), type('type', DT_INT32)], [id], 1);
    kept.push((pairs as { id: number }).id);
    const words = native.tensorDataSync((pairs as { id: number }).id) as Int32Array;
    // A copy, because the words need not start at a multiple of eight bytes.
    const values = new Float64Array(rows * columns);
    new Int32Array(values.buffer).set(words);
    return values;
  };

  return {
    put(values, rows, columns) {
      if (values.length !== rows * columns) throw new RangeError(`${values.length} values are not ${rows} × ${columns}`);
      const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
      const id = native.createTensor([rows, columns, 2], native.TF_INT32, words);
      kept.push(id);
      return one('Bitcast', [type('T', DT_INT32), type('type', DT_DOUBLE)], [{ id, rows, columns }], [[rows, columns]]);
    },
    get,
    multiply(a, b, { transposeA = false, transposeB = false } = {}) {
      const shape: [number, number] = [transposeA ? a.columns : a.rows, transposeB ? b.rows : b.columns];
      const attributes = [type('T', DT_DOUBLE), flag('transpose_a', transposeA), flag('transpose_b', transposeB)];
      return one('MatMul', attributes, [a, b], [shape]);
    },
    cholesky(a) {
      let lower: Matrix;
      try {
        lower = one('Cholesky', [type('T', DT_DOUBLE)], [a], [[a.rows, a.columns]]);
      } catch (error) {
        if (/cholesky/i.test(String(error))) return undefined;
        throw error;
      }
      // Some builds answer a matrix that is not positive definite with NaN instead of an error.
      const values = get(lower);
      for (let i = 0; i < a.rows; i++) if (!((values[i * a.columns + i] as number) > 0)) return undefined;
      return lower;
    },
    solveLower(l, b, { transpose = false } = {}) {
      const attributes = [type('T', DT_DOUBLE), flag('lower', true), flag('adjoint', transpose)];
      return one('MatrixTriangularSolve', attributes, [l, b], [[b.rows, b.columns]]);
    },
    symmetricEigen(a) {
      const attributes = [type('T', DT_DOUBLE), flag('compute_v', true)];
      const [values, vectors] = run(
        'SelfAdjointEigV2',
        attributes,
        [a],
        [
          [a.rows, 1],
          [a.rows, a.rows],
        ],
      );
      return { values: get(values as Matrix), vectors: vectors as Matrix };
    },
  };
}
