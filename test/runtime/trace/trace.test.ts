import { describe, expect, it } from 'vitest';
import { dropout } from '../../../src/runtime/ops/dropout.js';
import { createProgram } from '../../../src/runtime/program.js';
import { type Tensor1D, tf } from '../../../src/runtime/tensorflow.js';
import type { StepFunction, Tensors } from '../../../src/runtime/trace/trace.js';

const signature = { inputs: { x: { shape: [2, 3], dtype: 'float32' as const } } };
const of = (tensors: Tensors, name: string) => tensors[name] as NonNullable<Tensors[string]>;
const trace = (fn: StepFunction) =>
  createProgram('traced', { w: { shape: [3], dtype: 'float32', values: Float32Array.of(1, 2, 3) } }, { f: { signature, fn } });
const x = Float32Array.of(1, 2, 3, 4, 5, 6);

function messageOf(fn: StepFunction): string {
  try {
    trace(fn).close();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

describe('a traced function', () => {
  it('gives what it gives eagerly, and keeps its state in the session', () => {
    const program = trace((inputs, state) => {
      const y = tf.mul(of(inputs, 'x'), of(state, 'w'));
      return { outputs: { sum: tf.sum(y, 1) }, state: { w: tf.add(of(state, 'w'), tf.mean(y, 0)) } };
    });
    expect([...(program.run('f', { x }).sum as Float32Array)]).toEqual([1 + 4 + 9, 4 + 10 + 18]);
    expect([...(program.read(['w']).w as Float32Array)]).toEqual([1 + 2.5, 2 + 7, 3 + 13.5]);
    expect([...(program.run('f', { x }).sum as Float32Array)]).toEqual([3.5 + 18 + 49.5, 14 + 45 + 99]);
    program.write({ w: Float32Array.of(0, 0, 1) });
    expect([...(program.run('f', { x }).sum as Float32Array)]).toEqual([3, 6]);
    program.close();
  });

  it('is recorded without being run: nothing of its size is ever held', () => {
    const before = process.resourceUsage().maxRSS;
    // 4 GiB a tensor, were it computed.
    const program = createProgram(
      'traced',
      {},
      {
        huge: {
          signature: { inputs: { x: { shape: [32768, 1], dtype: 'float32' } } },
          fn: (inputs) => ({
            outputs: { y: tf.sum(tf.exp(tf.matMul(of(inputs, 'x') as never, of(inputs, 'x') as never, false, true))) },
          }),
        },
      },
    );
    program.close();
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(200);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const program = trace((inputs, state) => {
      const { value, grads } = tf.valueAndGrads((w) => tf.sum(tf.square(tf.mul(of(inputs, 'x'), w as never))) as never)([
        of(state, 'w'),
      ]);
      return { outputs: { value }, state: { w: grads[0] as never } };
    });
    for (let i = 0; i < 3; i++) program.run('f', { x });
    expect(tf.memory().numTensors).toBe(before);
    program.close();
  });

  it('takes bytes as numbers from 0 to 255', () => {
    for (const engine of ['traced', 'eager'] as const) {
      const program = createProgram(
        engine,
        {},
        {
          f: {
            signature: { inputs: { bytes: { shape: [2, 2], dtype: 'uint8' } } },
            fn: (inputs) => ({ outputs: { half: tf.div(of(inputs, 'bytes'), 2) } }),
          },
        },
      );
      expect([...(program.run('f', { bytes: Uint8Array.of(0, 1, 128, 255) }).half as Float32Array)]).toEqual([0, 0.5, 64, 127.5]);
      program.close();
    }
  });

  it('draws masks that depend on the seed alone, the same in both engines', () => {
    const drawn = (['traced', 'eager'] as const).map((engine) => {
      const program = createProgram(
        engine,
        {},
        {
          f: {
            signature: { inputs: { seed: { shape: [2], dtype: 'int32' } } },
            fn: (inputs) => ({ outputs: { y: dropout(tf.ones([4000]), 0.25, of(inputs, 'seed') as Tensor1D) } }),
          },
        },
      );
      const of3 = [1, 2, 1].map((step) => [...(program.run('f', { seed: Int32Array.of(5, step) }).y as Float32Array)]);
      program.close();
      return of3;
    });
    expect(drawn[0]).toEqual(drawn[1]);
    const [first, second, again] = drawn[0] as [number[], number[], number[]];
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(first.filter((value) => value === 0).length / 4000).toBeCloseTo(0.25, 1);
  });

  it('keeps its state apart from the arrays that it was set from', () => {
    const start = Float32Array.of(1, 2, 3);
    const program = createProgram('traced', { w: { shape: [3], dtype: 'float32', values: start } }, {});
    start.fill(9);
    expect([...(program.read(['w']).w as Float32Array)]).toEqual([1, 2, 3]);
    const next = Float32Array.of(4, 5, 6);
    program.write({ w: next });
    next.fill(9);
    expect([...(program.read(['w']).w as Float32Array)]).toEqual([4, 5, 6]);
    program.close();
  });

  it('names the input that is missing or has another size', () => {
    const program = trace((inputs) => ({ outputs: { y: of(inputs, 'x') } }));
    expect(() => program.run('f', {})).toThrow("f: the input 'x' is missing");
    expect(() => program.run('f', { x: new Float32Array(5) })).toThrow("the input 'x' has 5 values, not 6");
    program.close();
  });
});

describe('what must not be frozen into a graph is refused with its line', () => {
  const here = /trace\.test\.ts:\d+/;

  it('a value that is read', () => {
    const message = messageOf((inputs) => ({ outputs: { y: tf.scalar(of(inputs, 'x').dataSync()[0] as number) } }));
    expect(message).toContain('read the values of a tensor');
    expect(message).toMatch(here);
  });

  it.each([
    ['without a seed', () => tf.randomNormal([3])],
    ['with a seed', () => tf.randomNormal([3], 0, 1, 'float32', 7)],
    ['uniform with a seed', () => tf.randomUniform([3], 0, 1, 'float32', 7)],
    ["as tfjs's dropout", () => tf.dropout(tf.ones([3]), 0.5, undefined, 3)],
    ['by Math.random', () => tf.scalar(Math.random())],
  ])('a random draw in JS, %s', (_, draw) => {
    const message = messageOf((inputs) => ({ outputs: { y: tf.add(of(inputs, 'x'), draw()) } }));
    expect(message).toMatch(/random/);
    expect(message).toMatch(here);
  });

  it('a counter or clock outside', () => {
    let calls = 0;
    const message = messageOf((inputs) => ({ outputs: { y: tf.mul(of(inputs, 'x'), tf.scalar(calls++)) } }));
    expect(message).toContain('not the same twice');
    expect(message).toMatch(here);
  });

  it('an operation that the tracer does not know', () => {
    const message = messageOf((inputs) => ({ outputs: { y: tf.cumprod(of(inputs, 'x'), 0) } }));
    expect(message).toContain('Cumprod is not covered');
    expect(message).toMatch(here);
  });

  it('a new value of another shape', () => {
    expect(messageOf((inputs) => ({ outputs: {}, state: { w: of(inputs, 'x') } }))).toContain("'w' has shape [2,3], not [3]");
  });

  it('and the backend works as before after such an error', () => {
    messageOf((inputs) => ({ outputs: { y: tf.scalar(of(inputs, 'x').dataSync()[0] as number) } }));
    expect(tf.add([1, 2], [3, 4]).arraySync()).toEqual([4, 6]);
    expect(Math.random()).toBeGreaterThanOrEqual(0);
  });
});
