import { describe, expect, it } from 'vitest';
import { convolution } from '../../src/runtime/ops/convolution.js';
import { createProgram, type Precision, type ProgramFunction } from '../../src/runtime/program.js';
import { type Tensor, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { type NodeWritten, nodesWritten } from './nodes-written.js';

const floats = (...values: number[]) => Float32Array.from(values);
const x = { shape: [2], dtype: 'float32' } as const;

/** w/√(g + ε), which stands still, and v, which every step moves. */
const scaled = (state: Record<string, Tensor>) => tf.mul(state.w as Tensor, tf.rsqrt(tf.add(state.g as Tensor, tf.scalar(0.5))));
const functions: Record<string, ProgramFunction> = {
  step: {
    signature: { inputs: { x } },
    fn: ({ x }, state) => ({
      outputs: { y: tf.add(tf.mul(scaled(state), x as Tensor), tf.sqrt(state.v as Tensor)) },
      state: { v: tf.add(state.v as Tensor, tf.scalar(1)) },
    }),
  },
  look: { signature: { inputs: { x } }, fn: ({ x }, state) => ({ outputs: { y: tf.sub(scaled(state), x as Tensor) } }) },
};
const state = (v = 4) => ({
  w: { shape: [2], dtype: 'float32', values: floats(3, 6) } as const,
  g: { shape: [2], dtype: 'float32', values: floats(0.5, 8.5) } as const,
  v: { shape: [2], dtype: 'float32', values: floats(v, v) } as const,
});

/** The nodes that an output is computed from. */
function below(nodes: readonly NodeWritten[], output: string): NodeWritten[] {
  const known = new Map(nodes.map((node) => [node.name, node]));
  const seen = new Set<string>();
  const go = (place: string): void => {
    const name = place.replace(/^\^/, '').replace(/:\d+$/, '');
    if (seen.has(name)) return;
    seen.add(name);
    for (const input of known.get(name)?.inputs ?? []) if (input !== '') go(input);
  };
  go(output);
  return [...seen].flatMap((name) => known.get(name) ?? []);
}

describe('what is made of frozen variables alone', () => {
  it('is made once, for all functions, and anew when a variable is set', () => {
    const program = createProgram('traced', state(), functions);
    const y = (name: string, x: Float32Array) => [...(program.run(name, { x }).y as Float32Array)];
    // 3/√1 and 6/√9; √4, then √5.
    expect(y('step', floats(10, 10))).toEqual([32, 22]);
    expect(y('step', floats(0, 0))[0]).toBeCloseTo(Math.sqrt(5), 6);
    expect(y('look', floats(1, 1))).toEqual([2, 1]);
    program.write({ g: floats(3.5, 0.5) });
    expect(y('look', floats(1, 1))).toEqual([0.5, 5]);
    program.write({ w: floats(2, 2) });
    expect(y('look', floats(0, 0))).toEqual([1, 2]);
    program.close();
  });

  it('is in no call: an output reads it', () => {
    const nodes = nodesWritten(() => createProgram('traced', state(), functions).close());
    for (const [name, ops] of [
      ['step', ['Sqrt', 'Mul']],
      ['look', ['Sub']],
    ] as const) {
      const used = below(nodes, `${name}/out/y`).map(({ op }) => op);
      expect(used, name).toEqual(expect.arrayContaining([...ops]));
      expect(used, name).not.toContain('Rsqrt');
    }
    // One variable for both, set from the first one's nodes.
    expect(nodes.filter(({ op, name }) => op === 'VarHandleOp' && name.startsWith('hoisted/'))).toHaveLength(1);
    expect(below(nodes, 'hoisted/done').map(({ op }) => op)).toContain('Rsqrt');
  });

  it('is not what a function moves, nor a variable as it is', () => {
    const moving: Record<string, ProgramFunction> = {
      step: {
        signature: { inputs: { x } },
        fn: ({ x }, { w, v }) => ({
          outputs: { y: tf.mul(tf.reshape(w as Tensor, [2]), tf.add(x as Tensor, tf.sqrt(v as Tensor))) },
          state: { v: tf.add(v as Tensor, tf.scalar(1)) },
        }),
      },
    };
    expect(
      nodesWritten(() => createProgram('traced', state(), moving).close()).some(({ name }) => name.startsWith('hoisted/')),
    ).toBe(false);
  });

  it.each(['fp32', 'bf16'] as const)('gives what the eager engine gives, with kernels in %s', (precision: Precision) => {
    const kernel = { shape: [1, 1, 2, 3], dtype: 'float32', values: floats(1, 2, 3, 4, 5, 6) } as const;
    const scale = { shape: [3], dtype: 'float32', values: floats(0.5, 2, 4) } as const;
    const convolve: Record<string, ProgramFunction> = {
      features: {
        signature: { inputs: { x: { shape: [1, 2, 2, 2], dtype: 'float32' } } },
        fn: ({ x }, { kernel, scale }) => {
          const folded = tf.mul(kernel as Tensor, scale as Tensor) as never;
          const y = convolution(x as never, folded, { strides: [1, 1], dilations: [1, 1], padding: 'same' });
          return { outputs: { y: tf.sum(tf.reshape(y, [4, 3]) as Tensor2D, 0) } };
        },
      },
    };
    const inputs = { x: floats(1, 2, 3, 4, 5, 6, 7, 8) };
    const run = (engine: 'traced' | 'eager') => {
      const program = createProgram(engine, { kernel, scale }, convolve, { precision: engine === 'eager' ? 'fp32' : precision });
      const { y } = program.run('features', inputs);
      program.close();
      return [...(y as Float32Array)];
    };
    // Small whole numbers are exact in bfloat16 too.
    expect(run('traced')).toEqual(run('eager'));
    const casts = nodesWritten(() => createProgram('traced', { kernel, scale }, convolve, { precision }).close());
    const used = below(casts, 'features/out/y');
    expect(used.some(({ name }) => name.startsWith('hoisted/'))).toBe(true);
    // The image alone is converted in a call.
    expect(used.filter(({ op, inputs }) => op === 'Cast' && !inputs.includes('features/in/x'))).toHaveLength(
      precision === 'bf16' ? 1 : 0,
    );
  });
});
