import { PickledTuple, type PickleValue } from '../../src/weights/pytorch/pickle-values.js';
import { PytorchTensor, tensorValues } from '../../src/weights/pytorch/tensor.js';

/** A value as test/golden/pytorch-pickle.py describes it. */
export type Described =
  | { tensor: { dtype: string; shape: number[]; values: (number | string | boolean)[] } }
  | { dict: [Described, Described][] }
  | { tuple: Described[] }
  | { list: Described[] }
  | { integer: string }
  | { plain: string | number | boolean | null };

/** Whether a value is, type by type and bit by bit of its float32s, what was described; throws where it is not. */
export function matchesGolden(value: PickleValue, described: Described, at = 'root'): true {
  const fail = (what: string): never => {
    throw new Error(`${at}: ${what}`);
  };
  if ('tensor' in described) {
    const { dtype, shape, values } = described.tensor;
    if (!(value instanceof PytorchTensor)) return fail('no tensor');
    if (value.dtype !== dtype || value.shape.join() !== shape.join())
      fail(`${value.dtype} [${value.shape}], not ${dtype} [${shape}]`);
    const found = tensorValues(value);
    if (found.length !== values.length) fail(`${found.length} values`);
    const expected = Float32Array.from(values, (one) => (one === 'inf' ? Infinity : one === '-inf' ? -Infinity : Number(one)));
    found.forEach((one, index) => {
      if (!Object.is(one, expected[index])) fail(`value ${index} is ${one}, not ${expected[index]}`);
    });
    return true;
  }
  if ('dict' in described) {
    if (!(value instanceof Map) || value.size !== described.dict.length) return fail('no dict, or one of another size');
    [...value].forEach(([key, entry], index) => {
      const [expectedKey, expected] = described.dict[index] as [Described, Described];
      matchesGolden(key, expectedKey, `${at}.keys[${index}]`);
      matchesGolden(entry, expected, `${at}.${String(key)}`);
    });
    return true;
  }
  if ('tuple' in described || 'list' in described) {
    const items =
      'tuple' in described ? (value instanceof PickledTuple ? value.items : undefined) : Array.isArray(value) ? value : undefined;
    const expected = 'tuple' in described ? described.tuple : described.list;
    if (items === undefined || items.length !== expected.length) return fail('another sequence, or one of another length');
    items.forEach((item, index) => void matchesGolden(item, expected[index] as Described, `${at}[${index}]`));
    return true;
  }
  const plain = 'integer' in described ? BigInt(described.integer) : described.plain;
  return value === plain ? true : fail(`${String(value)}, not ${String(plain)}`);
}
