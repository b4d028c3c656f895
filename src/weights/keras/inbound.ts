import { UserError } from '../../errors.js';
import { shown } from '../pytorch/bytes.js';

/** What one call of a layer takes: outputs of other layers, and numbers where it is an operation (`x + 3`). */
export interface Inbound {
  /** In order; `tensor` says which output of the layer, where it has several. */
  readonly feeders: readonly { readonly layer: string; readonly tensor: number }[];
  /** A number among the operands, or one for each channel, and whether it stands before the map. */
  readonly constant?: { readonly value: readonly number[]; readonly first: boolean };
}

/** Arguments within arguments at most. */
const DEPTH = 32;

type Feeder = Inbound['feeders'][number];
type Found = Feeder | readonly number[];

/**
 * One inbound node of a layer: `[[name, node, tensor, {…}], …]` in Keras 1 and 2, `{args, kwargs}` with nested `keras_history` in Keras 3.
 * @throws UserError where it is neither, or takes anything but outputs of layers and one number
 */
export function readInbound(node: unknown, where: string): Inbound {
  const refuse = (found: unknown): never => {
    throw new UserError({
      where,
      what: 'it takes what ft does not read',
      expected: 'outputs of other layers, and one number at most',
      found: JSON.stringify(found)?.slice(0, 80) ?? 'nothing',
    });
  };
  const found: Found[] = [];
  if (Array.isArray(node)) {
    // A layer with one input has it without the list around it where TensorFlow wrote the model.
    for (const entry of typeof node[0] === 'string' ? [node] : node) readKeras2(entry, found, refuse);
  } else {
    const { args, kwargs } = (node ?? {}) as { args?: unknown; kwargs?: Record<string, unknown> };
    readKeras3(args, found, refuse, 0);
    for (const name of ['x', 'y', 'x1', 'x2', 'inputs']) readKeras3(kwargs?.[name], found, refuse, 0);
  }
  const numbers = found.filter(isNumbers);
  const feeders = found.filter((one): one is Feeder => !isNumbers(one));
  for (const { layer } of feeders) checkName(layer, where);
  if (numbers.length > 1 || (numbers.length === 1 && feeders.length !== 1)) refuse(node);
  const [value] = numbers;
  return { feeders, ...(value === undefined ? {} : { constant: { value, first: found[0] === value } }) };
}

function isNumbers(found: Found): found is readonly number[] {
  return Array.isArray(found);
}

/** A number, or one for each channel in lists around them. */
function numbersIn(value: unknown): readonly number[] | undefined {
  const list = Array.isArray(value) ? (value.length <= 4 ? value.flat(3) : []) : [value];
  return list.length > 0 && list.length <= 4 && list.every((one) => typeof one === 'number') ? list : undefined;
}

/** Refuses a name that an error could not show, or that would drive the terminal. */
export function checkName(name: string, where: string): void {
  if (name.length > 250 || /\p{Cc}/u.test(name))
    throw new UserError({ where, what: 'a name in the configuration is long or holds control characters', found: shown(name) });
}

function readKeras2(entry: unknown, found: Found[], refuse: (found: unknown) => never): void {
  const [layer, , tensor, kwargs] = Array.isArray(entry) ? entry : refuse(entry);
  if (typeof layer !== 'string') refuse(entry);
  // `_CONSTANT_VALUE` stands for the layer where the first operand is a number.
  if (layer === '_CONSTANT_VALUE') found.push(numbersIn(tensor) ?? refuse(entry));
  else found.push({ layer, tensor: Number(tensor ?? 0) });
  const y = (kwargs as { y?: unknown } | null | undefined)?.y;
  const numbers = numbersIn(y);
  if (numbers !== undefined) found.push(numbers);
  else if (Array.isArray(y)) found.push({ layer: String(y[0]), tensor: Number(y[2] ?? 0) });
}

function readKeras3(value: unknown, found: Found[], refuse: (found: unknown) => never, depth: number): void {
  if (depth > DEPTH) refuse('arguments within arguments');
  const numbers = numbersIn(value);
  if (numbers !== undefined) return void found.push(numbers);
  if (value === null || typeof value !== 'object') return;
  const history = (value as { keras_history?: unknown }).keras_history;
  if (Array.isArray(history)) found.push({ layer: String(history[0]), tensor: Number(history[2] ?? 0) });
  else if (Array.isArray(value)) for (const one of value) readKeras3(one, found, refuse, depth + 1);
  else if ('config' in value && (value as { class_name?: unknown }).class_name === '__keras_tensor__')
    readKeras3(value.config, found, refuse, depth + 1);
  else refuse(value);
}
