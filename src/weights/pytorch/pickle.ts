import type { Bytes } from './bytes.js';
import { allowedGlobal, callGlobal } from './globals.js';
import { OPCODES } from './opcodes.js';
import { PickledTuple, type PickleKey, type PickleValue } from './pickle-values.js';

/** Bytes of the longest integer that is taken: PyTorch's magic number has 10; a long of megabytes would take minutes. */
const LONGEST_INTEGER = 32;

/** Turns a persistent id (PyTorch's way of naming a storage) into a value. */
export type PersistentLoad = (id: PickleValue) => PickleValue;

/**
 * One pickle (protocols 2–5) from the place where `bytes` stands up to its STOP, as plain values. A restricted machine: it knows
 * the opcodes that `torch.save` writes for tensors, dicts, tuples, lists, numbers and strings, refuses the others by name, and
 * "calls" only what `globals.ts` lists. Every value costs a byte of the file at least, so the memory that it takes
 * is bounded by the file's size. Throws UserError with the byte for everything that is out of place.
 */
export function unpickle(bytes: Bytes, persistentLoad: PersistentLoad = noStorage(bytes)): PickleValue {
  // As in Python, MARK opens a new stack above the old one: nothing below it can be reached until it is closed.
  let stack: PickleValue[] = [];
  const below: PickleValue[][] = [];
  const memo = new Map<number, PickleValue>();
  const { refuse } = bytes;

  const pop = (): PickleValue => {
    const value = stack.pop();
    return value === undefined ? refuse('the pickle takes a value from an empty stack') : value;
  };
  const popMark = (): PickleValue[] => {
    const items = stack;
    stack = below.pop() ?? refuse('the pickle closes a mark that it never set');
    return items;
  };
  const top = (): PickleValue => {
    const value = stack.at(-1);
    return value === undefined ? refuse('the pickle looks at an empty stack') : value;
  };
  const tuple = (count: number): void => {
    const items = Array.from({ length: count }, pop).reverse();
    stack.push(new PickledTuple(items));
  };
  const recall = (id: number): void => {
    const value = memo.get(id);
    stack.push(value === undefined ? refuse(`the pickle recalls number ${id}, which it never stored`) : value);
  };
  const append = (items: readonly PickleValue[]): void => {
    const list = top();
    if (!Array.isArray(list)) refuse('the pickle appends to something that is no list');
    else for (const item of items) list.push(item);
  };
  const setItems = (items: readonly PickleValue[]): void => {
    const dict = top();
    if (items.length % 2 !== 0) refuse('the pickle gives a dict a key without a value');
    if (!(dict instanceof Map)) refuse('the pickle sets an entry of something that is no dict');
    else for (let at = 0; at < items.length; at += 2) dict.set(key(items[at]), items[at + 1] as PickleValue);
  };
  const key = (value: PickleValue | undefined): PickleKey =>
    value === undefined || (typeof value === 'object' && value !== null)
      ? refuse('a dict has a key that is neither a string nor a number')
      : value;
  const integer = (length: number): number | bigint => {
    if (length > LONGEST_INTEGER) refuse(`an integer of ${length} bytes`, { expected: `${LONGEST_INTEGER} at most` });
    let value = 0n;
    for (const byte of Uint8Array.from(bytes.take(length, 'an integer')).reverse()) value = (value << 8n) | BigInt(byte);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  };
  const text = (): string => {
    const value = pop();
    return typeof value === 'string' ? value : refuse('the pickle names a global by something that is no string');
  };

  for (;;) {
    const opcode = bytes.byte('a pickle');
    const name = OPCODES.get(opcode);
    switch (name) {
      case 'PROTO': {
        const protocol = bytes.byte('the protocol');
        if (protocol < 2 || protocol > 5) refuse(`pickle protocol ${protocol}`, { expected: '2 to 5' });
        break;
      }
      case 'FRAME': {
        const length = bytes.count('the length of a frame');
        if (length > bytes.left) refuse(`the file ends within a frame of ${length} bytes`, { found: `${bytes.left} bytes` });
        break;
      }
      case 'STOP': {
        if (stack.length !== 1 || below.length > 0) refuse('the pickle ends with more or less than one value');
        return pop();
      }
      case 'MARK':
        below.push(stack);
        stack = [];
        break;
      case 'POP':
        if (stack.length === 0) popMark();
        else pop();
        break;
      case 'POP_MARK':
        popMark();
        break;
      case 'NONE':
        stack.push(null);
        break;
      case 'NEWTRUE':
        stack.push(true);
        break;
      case 'NEWFALSE':
        stack.push(false);
        break;
      case 'BININT':
        stack.push(bytes.take(4, 'an integer').readInt32LE());
        break;
      case 'BININT1':
        stack.push(bytes.byte('an integer'));
        break;
      case 'BININT2':
        stack.push(bytes.take(2, 'an integer').readUInt16LE());
        break;
      case 'LONG1':
        stack.push(integer(bytes.byte('an integer')));
        break;
      case 'BINFLOAT':
        stack.push(bytes.take(8, 'a float').readDoubleBE());
        break;
      case 'SHORT_BINUNICODE':
        stack.push(bytes.text(bytes.byte('a string'), 'a string'));
        break;
      case 'BINUNICODE':
        stack.push(bytes.text(bytes.take(4, 'a string').readUInt32LE(), 'a string'));
        break;
      case 'EMPTY_LIST':
        stack.push([]);
        break;
      case 'APPEND':
        append([pop()]);
        break;
      case 'APPENDS':
        append(popMark());
        break;
      case 'EMPTY_DICT':
        stack.push(new Map());
        break;
      case 'SETITEM': {
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 'SETITEMS':
        setItems(popMark());
        break;
      case 'EMPTY_TUPLE':
        tuple(0);
        break;
      case 'TUPLE1':
        tuple(1);
        break;
      case 'TUPLE2':
        tuple(2);
        break;
      case 'TUPLE3':
        tuple(3);
        break;
      case 'TUPLE': {
        const items = popMark();
        stack.push(new PickledTuple(items));
        break;
      }
      case 'BINPUT':
        memo.set(bytes.byte('a memo'), top());
        break;
      case 'LONG_BINPUT':
        memo.set(bytes.take(4, 'a memo').readUInt32LE(), top());
        break;
      case 'MEMOIZE':
        memo.set(memo.size, top());
        break;
      case 'BINGET':
        recall(bytes.byte('a memo'));
        break;
      case 'LONG_BINGET':
        recall(bytes.take(4, 'a memo').readUInt32LE());
        break;
      case 'GLOBAL':
        stack.push(allowedGlobal(bytes.line('the name of a module'), bytes.line('the name of a global'), refuse));
        break;
      case 'STACK_GLOBAL': {
        const global = text();
        stack.push(allowedGlobal(text(), global, refuse));
        break;
      }
      case 'REDUCE': {
        const args = pop();
        stack.push(callGlobal(pop(), args, refuse));
        break;
      }
      case 'BUILD':
        // torch puts `_metadata` (versions of modules) on the OrderedDict of a state dict as an attribute. It is no weight.
        pop();
        if (!(top() instanceof Map)) refuse('the pickle sets attributes of something that is no dict');
        break;
      case 'BINPERSID':
        stack.push(persistentLoad(pop()));
        break;
      case undefined:
        return refuse(`0x${opcode.toString(16).padStart(2, '0')} is no pickle opcode`, { mend: 'fetch the file again' });
      default:
        return refuse(`the pickle uses the opcode ${name}, which weights do not need`, {
          mend: 'where the file is yours, save the tensors alone: torch.save(model.state_dict(), …)',
        });
    }
  }
}

function noStorage(bytes: Bytes): PersistentLoad {
  return () => bytes.refuse('the pickle names a storage where there is none');
}
