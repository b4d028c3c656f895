/** A function that is traced for each signature, over one state. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import type { StepFunction } from '../../src/runtime/trace/trace.js';
import { type Traced, trace } from '../../src/runtime/traced.js';

const of = (rows: number) => ({ inputs: { x: { shape: [rows, 2], dtype: 'float32' as const } } });
/** One step of SGD on the mean of (x·w)². */
const fn = vi.fn<StepFunction>(({ x }, { w }) => {
  const loss = (weights: Tensor) => tf.mean(tf.square(tf.sum(tf.mul(x as Tensor, weights), 1))) as never;
  const { value, grads } = tf.valueAndGrads(loss)([w as Tensor]);
  return { outputs: { loss: value }, state: { w: tf.sub(w as Tensor, tf.mul(grads[0] as Tensor, 0.1)) } };
});
const state = { w: { shape: [2], dtype: 'float32' as const, values: Float32Array.of(1, -2) } };

/** The same by hand. */
function byHand(w: number[], x: number[]): { loss: number; w: number[] } {
  const rows = x.length / 2;
  let loss = 0;
  const gradient: [number, number] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const [a, b] = [x[2 * row] as number, x[2 * row + 1] as number];
    const dot = a * (w[0] as number) + b * (w[1] as number);
    loss += dot ** 2 / rows;
    gradient[0] += (2 * dot * a) / rows;
    gradient[1] += (2 * dot * b) / rows;
  }
  return { loss, w: w.map((value, i) => value - 0.1 * (gradient[i] as number)) };
}

let traced: Traced;
afterEach(() => traced.close());

for (const engine of ['traced', 'eager'] as const) {
  describe(`a function that is called with several signatures (${engine})`, () => {
    it('keeps one state through all of them', () => {
      traced = trace(fn, state, { engine });
      expect([...(traced.read().w as Float32Array)]).toEqual([1, -2]);
      let w = [1, -2];
      for (const [step, rows] of [3, 3, 5, 1, 3, 5].entries()) {
        const x = Array.from({ length: rows * 2 }, (_, i) => Math.sin(i + step));
        const { loss } = traced.run(of(rows), { x: Float32Array.from(x) });
        const expected = byHand(w, x);
        w = expected.w;
        expect(loss?.[0]).toBeCloseTo(expected.loss, 5);
        for (const [i, value] of w.entries()) expect(traced.read().w?.[i]).toBeCloseTo(value, 5);
      }
    });
  });
}

describe('tracing', () => {
  it('happens once for each signature, whatever the order in which inputs are named', () => {
    const sum = vi.fn<StepFunction>(({ a, b }) => ({ outputs: { sum: tf.add(a as Tensor, b as Tensor) } }));
    traced = trace(sum, {});
    const spec = { shape: [2], dtype: 'float32' as const };
    const inputs = { a: Float32Array.of(1, 2), b: Float32Array.of(10, 20) };
    const first = traced.run({ inputs: { a: spec, b: spec } }, inputs);
    const times = sum.mock.calls.length;
    expect([...(first.sum as Float32Array)]).toEqual([11, 22]);
    traced.run({ inputs: { b: spec, a: spec } }, inputs);
    expect(sum).toHaveBeenCalledTimes(times);
    const ints = { inputs: { a: { ...spec, dtype: 'int32' as const }, b: { ...spec, dtype: 'int32' as const } } };
    const whole = traced.run(ints, { a: Int32Array.of(1, 2), b: Int32Array.of(3, 4) });
    expect(sum).toHaveBeenCalledTimes(2 * times);
    expect([...(whole.sum as Int32Array)]).toEqual([4, 6]);
  });

  it('leaves the state as it was where a further signature cannot be traced, and names the line', () => {
    const reads: StepFunction = ({ x }, { w }) => {
      if ((x as Tensor).shape[0] === 2) (w as Tensor).dataSync();
      return { outputs: { y: tf.sum(x as Tensor) }, state: { w: tf.add(w as Tensor, 1) } };
    };
    traced = trace(reads, state);
    traced.run(of(1), { x: new Float32Array(2) });
    expect(() => traced.run(of(2), { x: new Float32Array(4) })).toThrow(/traced\.test\.ts/);
    traced.run(of(1), { x: new Float32Array(2) });
    expect([...(traced.read().w as Float32Array)]).toEqual([3, 0]);
  });
});
