import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { readPytorch, stateDict } from '../../src/weights/pytorch/file.js';
import { tensorValues } from '../../src/weights/pytorch/tensor.js';
import {
  fault,
  floats,
  integer,
  legacy,
  long,
  NO_STORAGES,
  PROTO,
  storage,
  tensor,
  text,
  tuple,
  zipped,
} from './pytorch-handmade.js';

describe('a hostile pickle', () => {
  const commands = [
    ['os.system', `cos\nsystem\n(${text('touch owned')}tR.`],
    ['posix.system', `cposix\nsystem\n(${text('id')}tR.`],
    ['builtins.eval', `cbuiltins\neval\n(${text('1')}tR.`],
    ['__builtin__.eval', `c__builtin__\neval\n(${text('1')}tR.`],
    ['builtins.getattr', `cbuiltins\ngetattr\n(${text('x')}${text('y')}tR.`],
    ['subprocess.Popen', `csubprocess\nPopen\n(${text('sh')}tR.`],
    ['torch.load', `ctorch\nload\n(${text('other.pth')}tR.`],
    ['torch.hub.load', `ctorch.hub\nload\n(${text('a')}${text('b')}tR.`],
    ['torch.jit._pickle.build_intlist', `ctorch.jit._pickle\nbuild_intlist\n(]tR.`],
    ['torch._utils._rebuild_device_tensor_from_numpy', `ctorch._utils\n_rebuild_device_tensor_from_numpy\n)R.`],
    ['collections.OrderedDict.__init__', `ccollections\nOrderedDict.__init__\n)R.`],
    ['models.Net', `cmodels\nNet\n)\x81}b.`],
    // Named in a string and looked up on the stack, as protocol 4 does.
    ['os.system', `\x8c\x02os\x8c\x06system\x93(${text('id')}tR.`],
  ] as const;

  it.each(commands)('that asks for %s is refused by that name, in both formats, and nothing runs', async (name, pickle) => {
    for (const file of [legacy(pickle), zipped(pickle)]) {
      const message = await fault(file);
      expect(message).toContain(
        `the pickle asks for '${name}', which is no tensor, dict, tuple, number or string; nothing was run`,
      );
      expect(message).toContain('expected: collections.OrderedDict, torch._utils._rebuild_tensor_v2');
      expect(message).toContain('torch.save(model.state_dict(), …)');
    }
  });

  it('of another module of the same names is no way round', async () => {
    expect(await fault(legacy('ctorch\nOrderedDict\n)R.'))).toContain("'torch.OrderedDict'");
    expect(await fault(legacy('ctorch._utils\nFloatStorage\n)R.'))).toContain("'torch._utils.FloatStorage'");
  });

  it('is refused before it names its command where it hides the call in a list that is never used', async () => {
    expect(await fault(legacy(`](cos\nsystem\ne0}.`))).toContain("'os.system'");
  });

  it('cannot colour the terminal or flood it through the name', async () => {
    const message = await fault(legacy(`cevil\x1b[31m\n${'x'.repeat(5000)}\n.`));
    expect(message).toContain("'evil\\u001b[31m.xxx");
    expect(message).not.toContain('\x1b');
    expect(message.length).toBeLessThan(1200);
  });

  it.each([
    ['INST', '(ios\nsystem\n.'],
    ['OBJ', '(}o.'],
    ['NEWOBJ', 'ccollections\nOrderedDict\n)\x81.'],
    ['NEWOBJ_EX', 'ccollections\nOrderedDict\n)}\x92.'],
    ['EXT1', '\x82\x01.'],
    ['EXT2', '\x83\x01\x00.'],
    ['EXT4', '\x84\x01\x00\x00\x00.'],
    ['DUP', '}2.'],
    ['STRING', "S'x'\n."],
    ['INT', 'I1\n.'],
    ['LONG4', '\x8b\xff\xff\xff\x7f.'],
    ['BINBYTES8', '\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.'],
    ['BYTEARRAY8', '\x96\xff\xff\xff\xff\xff\xff\xff\x7f.'],
    ['EMPTY_SET', '\x8f.'],
    ['PERSID', 'Pstorage\n.'],
    ['GET', 'g0\n.'],
  ])('with the opcode %s is refused by its name', async (name, pickle) => {
    expect(await fault(legacy(pickle))).toContain(`the pickle uses the opcode ${name}, which weights do not need`);
  });

  it.each([
    ['0xff is no pickle opcode', '\xff.'],
    ['the pickle recalls number 7, which it never stored', 'h\x07.'],
    ['the pickle recalls number 2147483647, which it never stored', 'j\xff\xff\xff\x7f.'],
    ['the pickle looks at an empty stack', 'q\x00.'],
    ['the pickle takes a value from an empty stack', 'R.'],
    ['the pickle takes a value from an empty stack', '\x85.'],
    // A mark is a floor: what lies below it cannot be taken.
    ['the pickle takes a value from an empty stack', 'NN(\x86.'],
    ['the pickle closes a mark that it never set', 't.'],
    ['the pickle closes a mark that it never set', '0.'],
    ['the pickle ends with more or less than one value', '.'],
    ['the pickle ends with more or less than one value', 'NN.'],
    ['the pickle ends with more or less than one value', 'N(.'],
    ['the pickle appends to something that is no list', ')Na.'],
    ['the pickle sets an entry of something that is no dict', ']NNs.'],
    ['the pickle gives a dict a key without a value', '}(Nu.'],
    ['a dict has a key that is neither a string nor a number', '}]Ns.'],
    ['the pickle sets attributes of something that is no dict', 'N}b.'],
    ['the pickle calls something that is no function, or without a tuple of arguments', 'N)R.'],
    ['the pickle calls something that is no function, or without a tuple of arguments', 'ccollections\nOrderedDict\nNR.'],
    ["the pickle calls 'torch.FloatStorage'", 'ctorch\nFloatStorage\n)R.'],
    ['an OrderedDict is made with arguments', 'ccollections\nOrderedDict\n(]tR.'],
    ['a tensor is made of something that is no storage', 'ctorch._utils\n_rebuild_tensor_v2\n)R.'],
    ['a parameter without a tensor', 'ctorch._utils\n_rebuild_parameter\n)R.'],
    ['a persistent id is not that of a storage', `${text('storage')}Q.`],
    ['a string is not UTF-8', 'X\x02\x00\x00\x00\xff\xfe.'],
    ['the pickle names a global by something that is no string', 'NN\x93.'],
    ['an integer of 255 bytes', `\x8a\xff${'\x01'.repeat(255)}.`],
    ['pickle protocol 9', '\x80\x09N.'],
    ['the file ends within a string', 'X\xff\xff\xff\xff'],
    ['the file ends within a frame of 99 bytes', '\x95\x63\x00\x00\x00\x00\x00\x00\x00N.'],
    ['the length of a frame is 18446744073709551615, more than any file holds', `\x95${'\xff'.repeat(8)}N.`],
  ])('ends in "%s"', async (what, pickle) => {
    expect(await fault(legacy(pickle, pickle.startsWith('X\xff') || pickle.startsWith('\x95c') ? '' : NO_STORAGES))).toContain(
      what,
    );
  });

  it('that holds itself, and one 200,000 lists deep, are values like others', async () => {
    const self = (await readPytorch(legacy(']q\x00h\x00a.'), 'self.pth')) as unknown[];
    expect(self[0]).toBe(self);
    const depth = 200_000;
    let value: unknown = await readPytorch(legacy(`${']'.repeat(depth)}${'a'.repeat(depth - 1)}.`), 'deep.pth');
    for (let level = 1; level < depth; level++) value = (value as unknown[])[0];
    expect(value).toEqual([]);
    expect(() => stateDict(value as never, 'deep.pth')).toThrow(UserError);
  });

  it('with a deep list in the place of a number is refused without walking it', async () => {
    const deep = `${']'.repeat(100_000)}${'a'.repeat(99_999)}`;
    expect(await fault(legacy(`${storage(deep)}.`))).toContain("the storage '0' has no length");
    expect(await fault(legacy('N.', `${PROTO}](${deep}e.`))).toContain('the list of storages names an object');
  });
});

describe('a tensor that reaches where it may not', () => {
  const view = (offset: string, shape: string, strides: string, count = 6) =>
    legacy(`${tensor(storage(integer(count)), offset, shape, strides)}.`, floats('0', [0, 1, 2, 3, 4, 5]));

  it('is read where it stays inside', async () => {
    const value = await readPytorch(view(integer(1), tuple(integer(2), integer(2)), tuple(integer(1), integer(3))), 'x.pth');
    expect([...tensorValues(value as never)]).toEqual([1, 4, 2, 5]);
  });

  it.each([
    ['offset', view(integer(6), tuple(integer(1)), tuple(integer(1)))],
    ['last element', view(integer(1), tuple(integer(2), integer(3)), tuple(integer(3), integer(1)))],
    ['stride', view(integer(0), tuple(integer(2)), tuple(integer(6)))],
    ['scalar', view(integer(6), ')', ')')],
    ['empty tensor', view(integer(7), tuple(integer(0)), tuple(integer(1)))],
    [
      'product beyond every number',
      view(integer(0), tuple(long(2n ** 52n), long(2n ** 52n)), tuple(long(2n ** 52n), long(2n ** 52n))),
    ],
  ])('by its %s is refused', async (_, file) => {
    expect(await fault(file)).toContain("a tensor reaches beyond its storage (storage '0' of 6 elements)");
  });

  it('by numbers that are none, or are negative, is refused', async () => {
    for (const file of [
      view(integer(-1), tuple(integer(2)), tuple(integer(1))),
      view(integer(5), tuple(integer(2)), tuple(integer(-1))),
      view(integer(0), tuple(integer(-2)), tuple(integer(1))),
      view(text('x'), tuple(integer(2)), tuple(integer(1))),
      view(integer(0), tuple(long(2n ** 60n)), tuple(integer(0))),
    ])
      expect(await fault(file)).toContain("a tensor's offset, shape or strides are not whole numbers from 0 up");
    expect(await fault(view(integer(0), tuple(integer(2)), ')'))).toContain('a tensor has 1 dimensions and 0 strides');
    const many = tuple(...Array.from({ length: 65 }, () => integer(1)));
    expect(await fault(view(integer(0), many, many))).toContain('a tensor has 65 dimensions and 65 strides');
  });

  it('by repeating six numbers a thousand million times is refused, not allocated', async () => {
    const file = view(integer(0), tuple(integer(100_000), integer(100_000)), tuple(integer(0), integer(0)));
    expect(await fault(file)).toContain("a tensor repeats elements until they are 10000000000 (storage '0' of 6 elements)");
  });
});

describe('a storage', () => {
  const one = (length: string, after: string, more = {}) => legacy(`${storage(length, more)}.`, after);

  it('that claims 2⁵² elements is refused, not allocated', async () => {
    expect(await fault(one(long(2n ** 52n), floats('0', [1], 2n ** 52n)))).toContain(
      "the file ends within the storage '0'\n  expected: 18014398509481984 more bytes\n  found:    4",
    );
  });

  it.each([
    ["the storage '0' is of another length than its tensors say", one(integer(2), floats('0', [1]))],
    ["the list of storages names '1', which no tensor uses", one(integer(1), floats('1', [1]))],
    ['the file lacks 1 of its storages', one(integer(1), NO_STORAGES)],
    ['1 bytes follow the last storage', one(integer(1), `${floats('0', [1])}x`)],
    ["the storage '0' has no length", one(integer(-1), floats('0', [1]))],
    ["the storage '0' is a view of another, as PyTorch wrote before 0.4", one(integer(1), floats('0', [1]), { view: '(NNNt' })],
    [
      'a persistent id is not that of a storage',
      legacy(`(${text('module')}ctorch\nFloatStorage\n${text('0')}${text('cpu')}K\x01tQ.`),
    ],
    [
      "the storage '0' is named twice and differently",
      legacy(`(${storage(integer(1))}${storage(integer(1), { type: 'HalfStorage' })}t.`, floats('0', [1])),
    ],
    ["the storage '../../data.pkl' is not in the file", zipped(`${storage(integer(1), { key: '../../data.pkl' })}.`)],
  ])('ends in "%s"', async (what, file) => {
    expect(await fault(file)).toContain(what);
  });
});
