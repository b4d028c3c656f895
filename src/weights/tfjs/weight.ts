import { z } from 'zod';
import { UserError } from '../../errors.js';
import { type ElementType, elementTypes, floatsIn } from '../elements.js';

/** The entry of one weight in a manifest, as tfjs writes it. */
export const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: z.looseObject({ dtype: z.string(), scale: z.number().optional(), min: z.number().optional() }).optional(),
});
export type WeightEntry = z.infer<typeof weightSchema>;

/** What tfjs stores; the numbers of a quantised weight are whole, or halves. */
const STORED: ReadonlyMap<string, ElementType> = new Map([
  ['float32', elementTypes.float32],
  ['int32', elementTypes.int32],
  ['float16', elementTypes.float16],
  ['uint16', elementTypes.uint16],
  ['uint8', elementTypes.uint8],
  ['bool', elementTypes.bool],
]);

/** The type of the numbers of a weight as they lie in its file. */
export function storedAs({ name, dtype, quantization }: WeightEntry, where: string): ElementType {
  const type = STORED.get(quantization?.dtype ?? dtype);
  if (type !== undefined) return type;
  throw new UserError({
    where,
    what: `the weight '${name}' is stored as ${quantization?.dtype ?? dtype}`,
    expected: 'float32, int32, float16, uint16, uint8 or bool',
  });
}

/**
 * The numbers of a weight from its bytes, which are nobody else's: a quantised one is `stored · scale + min`, to the nearest whole number
 * where it stands for int32. Source: tfjs-core, `io_utils.ts`, `decodeWeight`; it holds all weights at once several times over, and costs
 * the start of TensorFlow.
 */
export function decodedWeight(weight: WeightEntry, bytes: Buffer, where: string): Float32Array {
  const values = floatsIn(bytes, storedAs(weight, where));
  const { quantization } = weight;
  if (quantization === undefined || quantization.dtype === 'float16') return values;
  const { scale, min } = quantization;
  if (scale === undefined || min === undefined)
    throw new UserError({ where, what: `the quantised weight '${weight.name}' has no scale or no least number` });
  for (let at = 0; at < values.length; at++) {
    const value = (values[at] as number) * scale + min;
    values[at] = weight.dtype === 'int32' ? Math.round(value) : value;
  }
  return values;
}
