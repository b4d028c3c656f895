import { UserError } from '../../errors.js';
import { DT } from '../../runtime/graph/proto.js';
import { type ElementType, elementTypes, floatsIn } from '../elements.js';

/** The element type of each of TensorFlow's data types that holds numbers. */
const ELEMENTS: ReadonlyMap<number, ElementType> = new Map(
  (['float32', 'float64', 'int32', 'int64', 'uint8', 'bool', 'bfloat16', 'float16'] as const).map((name) => [
    DT[name],
    elementTypes[name],
  ]),
);

/** Bytes of one element of a data type, or undefined where its elements are not numbers that ft reads. */
export function elementBytes(dtype: number): number | undefined {
  return ELEMENTS.get(dtype)?.size;
}

/** The elements that lie in `bytes`, which are nobody else's, as float32. A data type that holds no numbers is an error. */
export function readElements(dtype: number, bytes: Buffer, where: string): Float32Array {
  const element = ELEMENTS.get(dtype);
  if (element === undefined)
    throw new UserError({
      where,
      what: `it is of TensorFlow's data type ${dtype}`,
      expected: [...ELEMENTS.values()].map((one) => one.dtype).join(', '),
    });
  return floatsIn(bytes, element);
}
