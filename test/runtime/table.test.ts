import { describe, expect, it } from 'vitest';
import { fromBfloat16, toBfloat16 } from '../../src/data/bfloat16.js';
import { GraphBuilder } from '../../src/runtime/graph/builder.js';
import { DT } from '../../src/runtime/graph/proto.js';
import { createProgram, type Precision } from '../../src/runtime/program.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { HOST, Table, tableBytes } from '../../src/runtime/trace/table.js';

const ROWS = 7;
const row = (number: number) => Float32Array.from({ length: 6 }, (_, at) => Math.sin(100 * number + at));
const rows = (...numbers: number[]) => Float32Array.from(numbers.flatMap((number) => [...row(number)]));
const rounded = (values: Float32Array) => {
  const [halves, back] = [new Uint16Array(values.length), new Float32Array(values.length)];
  toBfloat16(values, halves);
  fromBfloat16(halves, back);
  return back;
};

const program = (format: 'fp32' | 'bf16', { compiled = false, onHost = false, precision = 'fp32' as Precision } = {}) =>
  createProgram(
    'traced',
    {},
    {
      take: {
        signature: { inputs: { x: { shape: [3, 2, 3], dtype: 'float32', rowsOf: 'maps' } } },
        fn: ({ x }) => ({ outputs: { x: x as Tensor, twice: tf.mul(x as Tensor, 2) } }),
        compiled,
      },
    },
    { precision, tables: { maps: { rows: ROWS, shape: [2, 3], format, onHost } } },
  );

describe('a table of a program', () => {
  it.each([
    ['fp32', false, false],
    ['bf16', false, false],
    ['fp32', true, false],
    ['bf16', true, false],
    ['fp32', false, true],
    ['fp32', true, true],
    ['bf16', true, true],
  ] as const)(
    'gives the rows that were put into it, by their numbers (%s, compiled by XLA: %s, on the host: %s)',
    (format, compiled, onHost) => {
      const made = program(format, { compiled, onHost });
      const kept = format === 'bf16' ? rounded : (values: Float32Array) => values;
      const take = (...numbers: number[]) => made.run('take', { x: Int32Array.from(numbers) });
      expect(take(0, 3, 6).x).toEqual(new Float32Array(18));
      made.put('maps', 0, rows(10, 11));
      made.put('maps', 2, rows(12, 13, 14, 15, 16));
      expect(take(6, 0, 0).x).toEqual(kept(rows(16, 10, 10)));
      expect(take(1, 3, 2).twice).toEqual(kept(rows(11, 13, 12)).map((value) => 2 * value));
      made.put('maps', 3, rows(20));
      expect(take(2, 3, 4).x).toEqual(kept(rows(12, 20, 14)));
      made.close();
    },
  );

  it('is pinned to the host whole where it lies there, and only the conversion of its rows is left to a card', () => {
    const graph = new GraphBuilder();
    const table = new Table(graph, 'maps', { rows: ROWS, shape: [2, 3], format: 'bf16', onHost: true });
    const rows = table.taken('step/in/x', graph.placeholder('places', DT.int32, [3]));
    const device = Object.fromEntries(graph.nodes().map((node) => [node.getName(), node.getDevice()]));
    const onHost = Object.keys(device).filter((name) => device[name] === HOST);
    expect(onHost).toEqual([...Object.keys(device).filter((name) => name.startsWith('maps/')), 'step/in/x/taken']);
    expect(onHost.length).toBeGreaterThan(5);
    expect(device[rows]).toBe('');
  });

  it.each([
    ['fp32', 4],
    ['bf16', 2],
    ['uint8', 1],
  ] as const)('holds rows of any length in whole words, and counts them (%s)', (format, bytes) => {
    const shape = [3, 1];
    const take = {
      signature: { inputs: { x: { shape: [4, ...shape], dtype: 'float32' as const, rowsOf: 'maps' } } },
      fn: ({ x }: Record<string, Tensor>) => ({ outputs: { x: x as Tensor } }),
    };
    const spec = { rows: 5, shape, format };
    const made = createProgram('traced', {}, { take }, { tables: { maps: spec } });
    const numbers = format === 'uint8' ? Uint8Array : Float32Array;
    made.put('maps', 0, numbers.of(1, 2, 3, 255, 0, 128));
    made.put('maps', 2, numbers.of(7, 8, 9, 10, 11, 12, 13, 14, 15));
    expect(made.run('take', { x: Int32Array.of(1, 4, 0, 2) }).x).toEqual(
      Float32Array.of(255, 0, 128, 13, 14, 15, 1, 2, 3, 7, 8, 9),
    );
    expect(tableBytes(spec)).toBe(5 * 8 * Math.ceil((3 * bytes) / 8));
    const other = format === 'uint8' ? new Float32Array(3) : new Uint8Array(3);
    expect(() => made.put('maps', 0, other)).toThrow(`the table 'maps' holds ${format}`);
    made.close();
  });

  it('refuses rows beyond its last one, half rows, and as many places as a function does not take', () => {
    const made = program('fp32');
    expect(() => made.put('maps', 6, rows(1, 2))).toThrow("2 rows from the row 6 on, in the table 'maps' of 7");
    expect(() => made.put('maps', 0, new Float32Array(9))).toThrow("1.5 rows for the table 'maps'");
    expect(() => made.run('take', { x: Int32Array.of(1, 2) })).toThrow("take: the input 'x' has 2 values, not 3 ([3])");
    made.close();
  });

  it('is for one device and the traced engine alone, and has to be there', () => {
    const functions = {
      take: {
        signature: { inputs: { x: { shape: [1, 2], dtype: 'float32' as const, rowsOf: 'maps' } } },
        fn: ({ x }: Record<string, Tensor>) => ({ outputs: { x: x as Tensor } }),
      },
    };
    const tables = { maps: { rows: 1, shape: [2], format: 'fp32' as const } };
    expect(() => createProgram('eager', {}, functions, { tables })).toThrow('the traced engine, and one device');
    expect(() => createProgram('traced', {}, functions, { devices: 2, tables })).toThrow('the traced engine, and one device');
    expect(() => createProgram('traced', {}, functions)).toThrow("the program has no table 'maps'");
  });
});
