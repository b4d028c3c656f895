import { describe, expect, it } from 'vitest';
import { fromBfloat16, toBfloat16 } from '../../src/data/bfloat16.js';
import { GraphBuilder } from '../../src/runtime/graph/builder.js';
import { DT } from '../../src/runtime/graph/proto.js';
import { createProgram, type Precision } from '../../src/runtime/program.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { HOST, Table } from '../../src/runtime/trace/table.js';

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
    expect(device).toMatchObject({ 'maps/zeros': HOST, 'maps/put': HOST, 'step/in/x/taken': HOST });
    expect(Object.keys(device).filter((name) => device[name] !== HOST)).toEqual(['places', rows]);
  });

  it('refuses rows beyond its last one, half rows, and as many places as a function does not take', () => {
    const made = program('fp32');
    expect(() => made.put('maps', 6, rows(1, 2))).toThrow("2 rows from the row 6 on, in the table 'maps' of 7");
    expect(() => made.put('maps', 0, new Float32Array(9))).toThrow("1.5 rows from the row 0 on, in the table 'maps' of 7");
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
