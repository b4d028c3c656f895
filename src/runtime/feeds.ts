import type { Repeated } from './graph/repeat.js';
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

/** Whether it enters as bytes, and not as the numbers of rows that hold them. */
const isString = ({ dtype, rowsOf }: TensorSpec): boolean => dtype === 'uint8' && rowsOf === undefined;

/** What a session is fed for a traced function: an input that enters in parts, part by part. */
export function feedsOf({ inputs: ends }: TracedFunction, inputs: Inputs): Feed[] {
  return [...ends].flatMap(([key, { places, spec }]) => {
    const values = inputs[key] as Values;
    const length = values.length / places.length;
    const [first = 1, ...rest] = fedShape(spec);
    const shape = places.length === 1 ? fedShape(spec) : [first / places.length, ...rest];
    const bytes = isString(spec);
    // Bytes are copied when they are fed; the session takes all else where it lies, and wants that at an even address.
    const piece = (part: number) => values[bytes ? 'subarray' : 'slice'](part * length, (part + 1) * length);
    return places.map((name, part) => {
      const own = places.length === 1 ? values : piece(part);
      return bytes ? { name, strings: own as Uint8Array } : { name, values: own, shape };
    });
  });
}

/** What a session is fed for a function that runs once for each of `inputs`. What is carried is fed for the first time alone. */
export function repeatedFeedsOf({ inputs: ends }: TracedFunction, repeated: Repeated, inputs: readonly Inputs[]): Feed[] {
  const fed = [...ends].flatMap(([key, { places, spec }]): Feed[] => {
    const place = places[0] as string;
    const name = repeated.inputs.get(place);
    // Not all is used: triplets have no seed.
    if (name === undefined) return [];
    const all = inputs.map((one) => one[key] as Values);
    if (name === place) return [{ name, values: all[0] as Values, shape: fedShape(spec) }];
    if (isString(spec)) return [{ name, strings: all as Uint8Array[] }];
    return [{ name, values: joined(all), shape: [all.length, ...fedShape(spec)] }];
  });
  return [...fed, { name: repeated.times, values: Int32Array.of(inputs.length), shape: [] }];
}

function joined(all: readonly Values[]): Values {
  const [first] = all as [Values];
  const whole = new (first.constructor as Int32ArrayConstructor)(all.length * first.length);
  all.forEach((values, at) => {
    whole.set(values, at * first.length);
  });
  return whole;
}

/** An input as a tensor, for a function that is run operation by operation. */
export function inputTensor(values: Values, spec: TensorSpec): Tensor {
  if (spec.dtype !== 'uint8') return tf.tensor(values as Float32Array, [...spec.shape], spec.dtype);
  return tf.tensor(Float32Array.from(values), [...spec.shape], 'float32');
}
