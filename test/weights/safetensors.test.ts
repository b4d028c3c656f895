import { closeSync, cpSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { NamedTensors } from '../../src/weights/named-tensor.js';
import { readSafetensors, safetensorsOf } from '../../src/weights/safetensors.js';
import { temporaryFolder } from './temporary.js';

const FOLDER = fileURLToPath(new URL('../golden/safetensors-files/', import.meta.url));
const GOLDEN = JSON.parse(readFileSync(`${FOLDER.slice(0, -1)}.json`, 'utf8')) as Record<
  string,
  { shape: number[]; values: (number | string)[] }
>;

function compare(tensors: NamedTensors): void {
  expect([...tensors.keys()].sort()).toEqual(Object.keys(GOLDEN).sort());
  for (const [name, { shape, values }] of Object.entries(GOLDEN)) {
    const expected = Float32Array.from(values, (one) => (one === 'inf' ? Infinity : one === '-inf' ? -Infinity : Number(one)));
    expect(tensors.get(name)?.shape, name).toEqual(shape);
    expect(tensors.get(name)?.values(), name).toEqual(expected);
  }
}

/** A file of a header (text, or its value) and as many bytes behind it. */
function file(header: unknown, bytes = 0, length?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([start, text, Buffer.alloc(bytes)]);
}

const f32 = (shape: unknown, ...offsets: unknown[]) => ({ dtype: 'F32', shape, data_offsets: offsets });

function fault(bytes: Uint8Array): string {
  try {
    for (const tensor of safetensorsOf(bytes, 'net.safetensors').values()) tensor.values();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message.length).toBeLessThan(1000);
    return (error as UserError).message;
  }
  throw new Error('it was read');
}

async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it was read',
    (error: unknown) => {
      expect(error).toBeInstanceOf(UserError);
      return (error as UserError).message;
    },
  );
}

describe('a safetensors file', () => {
  it('gives every tensor that its own library wrote, of every type, bit by bit', async () => {
    compare(await readSafetensors(`${FOLDER}whole.safetensors`));
    compare(safetensorsOf(readFileSync(`${FOLDER}whole.safetensors`), 'whole.safetensors'));
  });

  it('is read from its shards, which the index names', async () => {
    compare(await readSafetensors(`${FOLDER}model.safetensors.index.json`));
  });

  it('of half a gigabyte is not read before a tensor is asked for, and then that tensor alone', async () => {
    const path = join(await temporaryFolder(), 'large.safetensors');
    const [small, large] = [1000, 128e6];
    await writeFile(path, file({ large: f32([large], 0, 4 * large), small: f32([small], 4 * large, 4 * (large + small)) }));
    const header = readFileSync(path).length;
    await truncate(path, header + 4 * (large + small));
    const handle = openSync(path, 'r+');
    writeSync(handle, Buffer.from(Float32Array.of(2.5).buffer), 0, 4, header + 4 * large);
    closeSync(handle);
    const before = process.memoryUsage().rss;
    const tensors = await readSafetensors(path);
    expect(tensors.get('small')?.values()[0]).toBe(2.5);
    expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
    await truncate(path, header);
    expect(() => tensors.get('large')?.values()).toThrow('the file changed while it was read\n  expected: 512004');
  });

  it.each<[string, Buffer]>([
    ['0 bytes', Buffer.alloc(0)],
    ['7 bytes', Buffer.alloc(7)],
    ['a header of 1152921504606846976 bytes in a file of 10', file('{}', 0, 2n ** 60n)],
    ['a header of 18446744073709551615 bytes', file('{}', 0, 2n ** 64n - 1n)],
    ['a header of 3 bytes in a file of 10', file('{}', 0, 3n)],
    ['a header that is no JSON', file('{"a": ')],
    ['a header that is no JSON', file('['.repeat(1e6))],
    ['a header that is no JSON object', file('[]')],
    ['a header that is no JSON object', file('null')],
    ["the tensor 'a' of the type 'undefined'", file({ a: null })],
    ["the tensor 'a' of the type 'C64'", file({ a: { dtype: 'C64', shape: [1], data_offsets: [0, 8] } }, 8)],
    ["the tensor 'a' of the type 'constructor'", file({ a: { dtype: 'constructor', shape: [1], data_offsets: [0, 8] } }, 8)],
    ['with a shape that is no list of whole numbers', file({ a: f32([-1], 0, 4) }, 4)],
    ['with a shape that is no list of whole numbers', file({ a: f32([0.5, 2], 0, 4) }, 4)],
    ['with a shape that is no list of whole numbers', file({ a: f32('1', 0, 4) }, 4)],
    ['without two offsets from 0 up', file({ a: f32([1], -4, 0) }, 4)],
    ['without two offsets from 0 up', file({ a: f32([1], 0, 4, 8) }, 8)],
    ['without two offsets from 0 up', file({ a: f32([1], 0, 2 ** 60) }, 4)],
    ["the tensor 'a' from byte 66 to 62 in a file of 66", file({ a: f32([1], 4, 0) }, 4)],
    ["the tensor 'a' from byte 62 to 70 in a file of 66", file({ a: f32([2], 0, 8) }, 4)],
    ["the tensor 'a' with 4 bytes, where its type and shape need 8", file({ a: f32([2], 0, 4) }, 4)],
    ['where its type and shape need 4e+36', file({ a: f32([1e9, 1e9, 1e9, 1e9], 0, 4) }, 4)],
    ["the tensor 'b' begins at byte", file({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12)],
    ["the tensor 'b' begins at byte", file({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12)],
    ["the tensor 'b' begins at byte", file({ a: f32([2], 0, 8), b: f32([2], 0, 8) }, 8)],
    ["the tensor 'a' begins at byte", file({ a: f32([1], 4, 8) }, 8)],
    ['tensors up to byte 66 in a file of 70 bytes', file({ a: f32([1], 0, 4) }, 8)],
    ['which ft does not read', file({ a: { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] } }, 4)],
  ])('with %s is refused in words', (what, bytes) => {
    expect(fault(bytes)).toContain(what);
  });

  it('is refused in words wherever it is cut, and is another or refused whichever bit is turned', () => {
    const bytes = readFileSync(`${FOLDER}whole.safetensors`);
    for (let length = 0; length < bytes.length; length++) expect(fault(bytes.subarray(0, length))).toContain('net.safetensors');
    for (let at = 0; at < bytes.length; at++) {
      const turned = Buffer.from(bytes);
      turned[at] = (turned[at] as number) ^ (1 << (at % 8));
      try {
        for (const tensor of safetensorsOf(turned, 'net.safetensors').values()) tensor.values();
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }
  });

  it('cannot colour the terminal or flood it through a name', () => {
    const message = fault(file({ [`\x1b[31m${'x'.repeat(1e6)}`]: f32([2], 0, 4) }, 4));
    expect(message).toContain('\\u001b[31mxxx');
    expect(message).not.toContain('\x1b');
  });

  it('that is not there is said to be so', async () => {
    expect(await rejection(readSafetensors('/none/x.safetensors'))).toContain('no such file');
    expect(await rejection(readSafetensors('/none/model.safetensors.index.json'))).toContain('no such file');
  });
});

describe('an index of safetensors files', () => {
  const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  async function withIndex(change: (map: Record<string, unknown>) => unknown): Promise<string> {
    const folder = join(await temporaryFolder(), 'inside');
    await mkdir(folder);
    for (const name of readdirSync(FOLDER)) cpSync(`${FOLDER}${name}`, join(folder, name));
    cpSync(`${FOLDER}whole.safetensors`, join(folder, '..', 'outside.safetensors'));
    const path = join(folder, 'model.safetensors.index.json');
    const { weight_map: map } = JSON.parse(readFileSync(path, 'utf8')) as { weight_map: Record<string, unknown> };
    const changed = change(map);
    await writeFile(path, typeof changed === 'string' ? changed : JSON.stringify(changed));
    return rejection(readSafetensors(path));
  }

  it.each([
    '../outside.safetensors',
    '/etc/passwd',
    '..',
    'a/../../outside.safetensors',
    'x.bin',
    7,
    null,
    '..\\outside.safetensors',
  ])('that names the file %o is refused', async (shard) => {
    expect(await withIndex((map) => ({ weight_map: { ...map, scalar: shard } }))).toContain("for 'scalar'");
  });

  it('that disagrees with its shards is refused, with every difference', async () => {
    const message = await withIndex(({ scalar, ...map }) => ({
      weight_map: {
        ...map,
        none: first,
        [scalar === first ? 'x' : 'y']: second,
        float32: map.float32 === first ? second : first,
      },
    }));
    expect(message).toContain("lacks the tensor 'none'");
    expect(message).toContain("lacks the tensor 'float32'");
    expect(message).toContain("holds the tensor 'scalar', which the index has not there");
  });

  it('that is none is refused', async () => {
    for (const text of ['', '[]', '{"weight_map": 3}', 'null', '{"metadata": {}}'])
      expect(await withIndex(() => text)).toContain('this is no index of safetensors files');
    expect(await withIndex((map) => ({ weight_map: { ...map, scalar: 'none.safetensors' } }))).toContain('no such file');
  });
});
