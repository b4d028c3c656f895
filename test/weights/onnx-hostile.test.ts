import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { Network } from '../../src/network/network.js';
import { readOnnx, readOnnxFile } from '../../src/weights/onnx/network.js';
import { float, int, ints, model, node, raw, text, value } from './onnx-handmade.js';
import { temporaryFolder } from './temporary.js';

const plain = { name: 'net', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } as const;
const images = value('images', ['n', 3, 'h', 'w']);
const out = value('out', ['a', 'b', 'c', 'd']);
const read = (bytes: Uint8Array, output = 'out'): Network => readOnnx(bytes, { ...plain, where: 'net.onnx', output });
const golden = (name: string) => readFile(fileURLToPath(new URL(`../golden/onnx-files/${name}`, import.meta.url)));

/** What reading throws: it has to be a UserError, and short. */
function fault(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message.length).toBeLessThan(4000);
    return message;
  }
  throw new Error('it was read');
}

const conv = node('Conv', ['images', 'k'], 'out');
const weights = (tensor: Onnx.ITensorProto) => model([conv], [tensor], images, out);

describe('a broken ONNX file', () => {
  it('is refused in words wherever it is cut, or read whole', async () => {
    for (const name of ['convnext.17.onnx', 'opset7.onnx', 'types.onnx']) {
      const bytes = await golden(name);
      for (let length = 0; length < bytes.length; length += 7)
        expect(
          fault(() => read(bytes.subarray(0, length), 'scores')),
          `${name}, ${length} bytes`,
        ).toMatch(/^net\.onnx/);
    }
  });

  it('is refused in words, or read as another network, whichever bit is turned', async () => {
    for (const name of ['convnext.17.onnx', 'excited.9.onnx', 'channels-last.onnx']) {
      const bytes = await golden(name);
      let refused = 0;
      for (let at = 0; at < bytes.length; at += 13) {
        const turned = Buffer.from(bytes);
        turned[at] = (turned[at] as number) ^ (1 << (at % 8));
        try {
          const network = read(turned, 'scores');
          expect(network.features).toBeGreaterThan(0);
        } catch (error) {
          expect(error, `${name}, byte ${at}`).toBeInstanceOf(UserError);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(20);
    }
  });

  it('with a cycle, or a tensor from nowhere, or one from two places, is refused', () => {
    const cycle = [node('Relu', ['b'], 'a'), node('Relu', ['a'], 'b'), node('Add', ['images', 'b'], 'out')];
    expect(fault(() => read(model(cycle, [], images, out)))).toContain("Relu 'node_a' takes 'b', which nothing before it gives");
    expect(fault(() => read(model([node('Relu', ['out'], 'out')], [], images, out)))).toContain("takes 'out', which nothing");
    const twice = [node('Relu', ['images'], 'out'), node('Relu', ['images'], 'out')];
    expect(fault(() => read(model(twice, [], images, out)))).toContain("gives 'out', which is there already");
  });

  it.each<[string, (number | string)[], string]>([
    ['10⁹ × 10⁹ elements', [1e9, 1e9, 3, 3], "the weights 'k' have no shape"],
    ['10⁹ elements', [1e9, 1, 1, 1], 'for 3 channels'],
    [
      '10⁹ elements of three channels',
      [1e8, 3, 1, 1],
      "the weights 'k' are not whole\n  expected: 300000000 numbers\n  found:    2",
    ],
    ['a negative extent', [-1, 3, 1, 1], "the weights 'k' have no shape"],
    ['no elements', [0, 3, 1, 1], 'for 3 channels'],
    ['a window of no places', [2, 3, 0, 1], 'has the kernel_shape 0, 1'],
    ['rank 3', [2, 3, 1], 'has a kernel of rank 3'],
    ['rank 9', [1, 1, 1, 1, 1, 1, 1, 1, 2], "the weights 'k' have no shape"],
  ])('whose weights claim %s is refused, not allocated', (_, dims, message) => {
    const before = process.memoryUsage().rss;
    const tensor = { ...raw('k', [1], 1), dims: dims as number[], rawData: new Uint8Array(8) };
    expect(fault(() => read(weights(tensor)))).toContain(message);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it.each<[string, Onnx.INodeProto, string]>([
    ['a stride of 0', node('Conv', ['images', 'k'], 'out', [ints('strides', [0, 1])]), 'has the strides 0, 1'],
    ['a negative dilation', node('Conv', ['images', 'k'], 'out', [ints('dilations', [1, -1])]), 'has the dilations 1, -1'],
    ['another kernel_shape', node('Conv', ['images', 'k'], 'out', [ints('kernel_shape', [3, 3])]), 'has the kernel_shape 3,3'],
    [
      'a padding of 10⁹ rows',
      node('Conv', ['images', 'k'], 'out', [ints('pads', [1e9, 0, 0, 0])]),
      'has the pads 1000000000, 0, 0, 0',
    ],
    ['two pads', node('Conv', ['images', 'k'], 'out', [ints('pads', [1, 1])]), 'has the pads 1, 1'],
    [
      'three groups of one channel and a kernel of two',
      node('Conv', ['images', 'k'], 'out', [int('group', 2)]),
      'has 2 groups of 3',
    ],
    ['no window', node('MaxPool', ['images'], 'out'), 'has the kernel_shape '],
    ['a kernel that is computed', node('Conv', ['images', 'images'], 'out'), "Conv 'node_out' computes its input 1"],
    ['another hard sigmoid', node('HardSigmoid', ['images'], 'out', [float('alpha', 0.2)]), 'has alpha 0.2'],
    ['a clip to −1 … 1', node('Clip', ['images', 'low', 'one'], 'out'), 'clips to -1 … 1'],
    [
      'a maximum over all places',
      node('GlobalMaxPool', ['images'], 'out'),
      "GlobalMaxPool 'node_out' is an operation that ft does not read",
    ],
    ['zeros on the channels', node('Pad', ['images', 'pads'], 'out'), 'pads NCHW by 0, 1, 0, 0, 0, 0, 0, 0'],
    ['a reflection', node('Pad', ['images', 'pads'], 'out', [text('mode', 'reflect')]), "pads by 'reflect'"],
    ['a reshape into the batch', node('Reshape', ['images', 'shape'], 'out'), 'reshapes NCHW to [-1, 3]'],
    ['batches side by side', node('Concat', ['images', 'images'], 'out', [int('axis', 0)]), 'joins NCHW, NCHW along axis 0'],
    [
      'a transposition of five axes',
      node('Transpose', ['images'], 'out', [ints('perm', [0, 1, 2, 3, 4])]),
      'permutes by 0, 1, 2, 3, 4',
    ],
    [
      'a transposition that repeats',
      node('Transpose', ['images'], 'out', [ints('perm', [0, 1, 1, 3])]),
      'permutes by 0, 1, 1, 3',
    ],
  ])('with %s is refused by the name of its node', (_, odd, message) => {
    const integers = (name: string, list: number[]): Onnx.ITensorProto => ({
      name,
      dims: [list.length],
      dataType: 7,
      int64Data: list,
    });
    const scalar = (name: string, number: number): Onnx.ITensorProto => ({ name, dims: [], dataType: 1, floatData: [number] });
    const constants = [
      raw('k', [2, 3, 1, 1], 1),
      integers('pads', [0, 1, 0, 0, 0, 0, 0, 0]),
      integers('shape', [-1, 3]),
      scalar('low', -1),
      scalar('one', 1),
    ];
    // Behind a layer, so that no step counts as preprocessing.
    const behind = {
      ...odd,
      input: (odd.input ?? []).map((name) => (name === 'images' && odd.opType !== 'Conv' ? 'first' : name)),
    };
    const nodes = odd.opType === 'Conv' ? [odd] : [node('Relu', ['images'], 'first'), behind];
    expect(fault(() => read(model(nodes, constants, images, out)))).toContain(message);
  });

  it('of another opset, or of operations that are not ONNX’s, is refused', () => {
    const relu = [node('Relu', ['images'], 'out')];
    expect(fault(() => read(model(relu, [], images, out, 6)))).toContain('the model is of opset 6\n  expected: 7 to 21');
    expect(fault(() => read(model(relu, [], images, out, 2 ** 40)))).toContain('the model is of opset 1099511627776');
    const foreign = [{ ...node('Conv', ['images'], 'out'), domain: 'com.example' }];
    expect(fault(() => read(model(foreign, [], images, out)))).toContain(
      "com.example.Conv 'node_out' is an operation that ft does not read",
    );
  });

  it('cannot colour the terminal or flood it through its names', () => {
    const odd = [{ ...node('Evil\x1b[31m', ['images'], 'out'), name: `\x1b[2J${'x'.repeat(1e6)}` }];
    const message = fault(() => read(model(odd, [], images, out)));
    expect(message).toContain('\\u001b[2Jxxx');
    expect(message).not.toContain('\x1b');
  });

  it.each<[string, (at: number) => Onnx.INodeProto]>([
    ['sums of a map with itself', (at) => node('Add', [`t${at}`, `t${at}`], `t${at + 1}`)],
    ['activations', (at) => node('Relu', [`t${at}`], `t${at + 1}`)],
    ['products that look like activations', (at) => node('Mul', [`t${at}`, `t${at}`], `t${at + 1}`)],
    ['transpositions', (at) => node('Transpose', [`t${at}`], `t${at + 1}`, [ints('perm', [0, 2, 3, 1])])],
  ])('of 20,000 %s takes seconds at most, and no stack', (_, link) => {
    const length = 20_000;
    const chain = Array.from({ length }, (_one, at) => link(at + 1));
    const nodes = [
      node('Relu', ['images'], 't1'),
      ...chain,
      node('Pad', [`t${length + 1}`, 'pads'], 'pad'),
      node('MaxPool', ['pad'], 'out', [ints('kernel_shape', [2, 2])]),
    ];
    const pads: Onnx.ITensorProto = { name: 'pads', dims: [8], dataType: 7, int64Data: [0, 0, 1, 1, 0, 0, 1, 1] };
    const bytes = model(nodes, [pads], images, out);
    const start = performance.now();
    try {
      expect(read(bytes).layers.length).toBeGreaterThan(2);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('of 20,000 sums of constants, each of the two before it, takes seconds at most', () => {
    for (const op of ['Add', 'Mul', 'Transpose', 'Reshape', 'Identity']) {
      const chain = Array.from({ length: 20_000 }, (_one, at) =>
        node(
          op,
          op === 'Reshape' ? [`c${at}`, 'shape'] : op === 'Add' || op === 'Mul' ? [`c${at}`, `c${at}`] : [`c${at}`],
          `c${at + 1}`,
        ),
      );
      const shape: Onnx.ITensorProto = { name: 'shape', dims: [2], dataType: 7, int64Data: [60, 50] };
      const bytes = model([...chain, node('MatMul', ['images', 'c20000'], 'out')], [raw('c0', [60, 50], 1), shape], images, out);
      const start = performance.now();
      fault(() => read(bytes));
      expect(performance.now() - start, op).toBeLessThan(20_000);
    }
  });

  it('of graphs in graphs in graphs is refused, or read without looking into them', () => {
    let inner: Uint8Array = onnxProto.onnx.GraphProto.encode({ node: [node('Relu', ['x'], 'y')] }).finish();
    for (let depth = 0; depth < 2000; depth++) {
      // A node with an attribute that is a graph: fields 1, 5 and 6, each with the length of what is in it.
      for (const field of [6, 5, 1]) inner = Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(inner.length)]), inner]);
    }
    const bytes = Buffer.concat([Buffer.from([(7 << 3) | 2, ...varint(inner.length)]), inner]);
    expect(fault(() => read(bytes))).toMatch(/not a whole ONNX file|opset 0/);
  });
});

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

describe('weights in a file beside the model', () => {
  const outside = async (entries: Record<string, string>, prepare?: (folder: string) => Promise<void>): Promise<string> => {
    const folder = join(await temporaryFolder(), 'inside');
    await mkdir(folder);
    await writeFile(join(folder, 'w.data'), new Uint8Array(64));
    await writeFile(join(folder, '..', 'secret'), new Uint8Array(64));
    await prepare?.(folder);
    const tensor = {
      name: 'k',
      dims: [2, 3, 1, 1],
      dataType: 1,
      dataLocation: onnxProto.onnx.TensorProto.DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, text]) => ({ key, value: text })),
    };
    await writeFile(join(folder, 'net.onnx'), weights(tensor));
    return readOnnxFile(join(folder, 'net.onnx'), { ...plain, output: 'out' }).then(
      () => 'read',
      (error: unknown) => {
        expect(error).toBeInstanceOf(UserError);
        return (error as UserError).message;
      },
    );
  };

  it('are read where they lie in it, from their offset', async () => {
    expect(await outside({ location: 'w.data', offset: '40', length: '24' })).toBe('read');
    expect(await outside({ location: './w.data' })).toBe('read');
    expect(
      await outside({ location: 'sub/w.data' }, async (folder) => {
        await mkdir(join(folder, 'sub'));
        await writeFile(join(folder, 'sub', 'w.data'), new Uint8Array(24));
      }),
    ).toBe('read');
  });

  it.each(['../secret', 'sub/../../secret', '/etc/passwd', '..', '', 'link', 'folder/secret'])(
    'are refused at %o',
    async (location) => {
      const message = await outside({ location }, async (folder) => {
        await symlink(join(folder, '..', 'secret'), join(folder, 'link'));
        await symlink(join(folder, '..'), join(folder, 'folder'));
      });
      expect(message).toContain("the weights 'k': they lie outside the folder of the model");
    },
  );

  it.each<[Record<string, string>, string]>([
    [{ location: 'w.data', offset: '41' }, "they reach beyond the file 'w.data'"],
    [{ location: 'w.data', offset: '999999999999' }, "they reach beyond the file 'w.data'"],
    [{ location: 'w.data', offset: '-4' }, 'the offset in the file beside it is no count of bytes'],
    [{ location: 'w.data', offset: '1e1' }, 'the offset in the file beside it is no count of bytes'],
    [{ location: 'w.data', length: '20' }, 'of another length than their shape says'],
    [{ location: 'w.data', length: '9'.repeat(40) }, 'the length in the file beside it is no count of bytes'],
    [{ location: 'none.data' }, "the file 'none.data' beside the model cannot be read"],
    [{ location: '.' }, "they reach beyond the file '.'"],
  ])('are refused with %o', async (entries, message) => {
    expect(await outside(entries)).toContain(message);
  });

  it('are refused where the model is bytes alone', async () => {
    const bytes = await golden('beside.onnx');
    expect(fault(() => read(bytes, 'scores'))).toContain('they lie in another file');
  });
});
