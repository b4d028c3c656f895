import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../../src/runtime/program.js';
import { Session } from '../../../src/runtime/session.js';
import { type Tensor, tf } from '../../../src/runtime/tensorflow.js';
import { GRAPHS_FOLDER } from '../../../src/runtime/trace/inspection.js';

it('a traced graph is written down where it is asked for: a GraphDef, and a line for each node with its place in the source', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ft-graphs-test-'));
  process.env[GRAPHS_FOLDER] = join(folder, 'graphs');
  try {
    createProgram(
      'traced',
      { w: { shape: [3], dtype: 'float32', values: Float32Array.of(1, 2, 3) } },
      {
        twice: {
          signature: { inputs: { x: { shape: [2, 3], dtype: 'float32' } } },
          fn: ({ x }, { w }) => ({ outputs: { y: tf.sum(tf.mul(x as Tensor, w as Tensor), 1) }, state: {} }),
        },
      },
    ).close();
    const files = readdirSync(join(folder, 'graphs')).sort();
    expect(files.map((file) => file.replace(/^\d+-\d+-/, ''))).toEqual(['twice.pb', 'twice.txt']);
    const [graph, text] = files.map((file) => readFileSync(join(folder, 'graphs', file))) as [Buffer, Buffer];
    const lines = text.toString().trimEnd().split('\n');
    const line = (operation: string) => lines.find((one) => one.startsWith(`${operation} `));
    expect(line('Mul')).toMatch(/^Mul +twice\/Mul +\[2, 3\] +twice\/in\/x state\/w\/read +.*inspection\.test\.ts:\d+:\d+/);
    expect(line('Sum')).toMatch(/^Sum +twice\/Sum +\[2\] +twice\/Mul twice\/const +.*inspection\.test\.ts/);
    expect(line('VarHandleOp')).toMatch(/^VarHandleOp +state\/w\/handle$/);

    // The bytes are a graph that TensorFlow runs: wrapped as the one MetaGraphDef of a SavedModel.
    const field = (number: number, bytes: Uint8Array) =>
      Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);
    const meta = Buffer.concat([field(1, field(4, Buffer.from('train'))), field(2, graph)]);
    const session = Session.fromGraph(Buffer.concat([Buffer.of(8, 1), field(2, meta)]));
    const feeds = [{ name: 'state/w/new', values: Float32Array.of(3, 2, 1), shape: [3] }];
    session.run(feeds, ['state/w/done']);
    const x = { name: 'twice/in/x', values: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
    expect([...(session.run([x], ['twice/out/y'])[0] as Float32Array)]).toEqual([10, 28]);
    session.close();
  } finally {
    delete process.env[GRAPHS_FOLDER];
    rmSync(folder, { recursive: true });
  }
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes);
  }
}
