import type { Feed, Values } from './session.js';
import { type Tensor, tf } from './tensorflow.js';
import type { Signature, TensorSpec, TracedFunction } from './trace/trace.js';

export type Inputs = Readonly<Record<string, Values>>;

/** @throws Error where an input of the signature is missing, or has another size */
export function checkInputs(name: string, signature: Signature, inputs: Inputs): void {
  for (const [key, spec] of Object.entries(signature.inputs)) {
    const values = inputs[key];
    const size = fedShape(spec).reduce((product, length) => product * length, 1);
    if (values === undefined) throw new Error(`${name}: the input '${key}' is missing`);
    if (values.length !== size)
      throw new Error(`${name}: the input '${key}' has ${values.length} values, not ${size} ([${fedShape(spec)}])`);
  }
}

/** Of what is fed: of rows of a table their numbers. */
function fedShape({ shape, rowsOf }: TensorSpec): readonly number[] {
  return rowsOf === undefined ? shape : shape.slice(0, 1);
}

/** What a session is fed for a traced function: an input that enters in parts, part by part. */
export function feedsOf({ inputs: ends }: TracedFunction, inputs: Inputs): Feed[] {
  return [...ends].flatMap(([key, { places, spec }]) => {
    const values = inputs[key] as Values;
    const length = values.length / places.length;
    const [first = 1, ...rest] = fedShape(spec);
    const shape = places.length === 1 ? fedShape(spec) : [first / places.length, ...rest];
    const bytes = spec.dtype === 'uint8' && spec.rowsOf === undefined;
    // Bytes are copied when they are fed; the session takes all else where it lies, and wants that at an even address.
    const piece = (part: number) => values[bytes ? 'subarray' : 'slice'](part * length, (part + 1) * length);
    return places.map((name, part) => ({
      name,
      values: places.length === 1 ? values : piece(part),
      shape,
      bytes,
    }));
  });
}

/** An input as a tensor, for a function that is run operation by operation. */
export function inputTensor(values: Values, spec: TensorSpec): Tensor {
  if (spec.dtype !== 'uint8') return tf.tensor(values as Float32Array, [...spec.shape], spec.dtype);
  return tf.tensor(Float32Array.from(values), [...spec.shape], 'float32');
}
