import { describe, expect, it } from 'vitest';
import { createProgram, type Engine, type ProgramFunction } from '../../src/runtime/program.js';
import { type Scalar, tf } from '../../src/runtime/tensorflow.js';
import type { StepFunction } from '../../src/runtime/trace/trace.js';

/** w ← w·rate + x·Σbytes + label, for as long as `going`; counts, and stops where w₀ passes 100. */
const fn: StepFunction = ({ x, pixels, labels, rate, step, going }, { w }) => {
  const { add, mul, sum } = tf;
  const next = add(
    add(mul(w as never, rate as never), mul(x as never, sum(pixels as never))),
    sum(tf.cast(labels as never, 'float32')),
  );
  const after = tf.where(tf.greater(going as never, 0), next, w as never);
  const first = tf.slice(after, [0], [1]).reshape([]) as Scalar;
  return {
    outputs: {
      first,
      sum: sum(after) as Scalar,
      step: add(step as Scalar, going as Scalar),
      going: mul(going as Scalar, tf.cast(tf.less(first, 100), 'float32')),
    },
    state: { w: after },
  };
};

const functions = (compiled = false): Record<string, ProgramFunction> => ({
  f: {
    signature: {
      inputs: {
        x: { shape: [2], dtype: 'float32' },
        pixels: { shape: [3, 1], dtype: 'uint8' },
        labels: { shape: [2], dtype: 'int32' },
        rate: { shape: [], dtype: 'float32' },
        step: { shape: [], dtype: 'float32' },
        going: { shape: [], dtype: 'float32' },
      },
    },
    fn,
    carried: { step: 'step', going: 'going' },
    compiled,
  },
});

const state = { w: { shape: [2], dtype: 'float32', values: Float32Array.of(1, 2) } } as const;

const inputsOf = (times: number) =>
  Array.from({ length: times }, (_, time) => ({
    x: Float32Array.of(0.5 + time, -1),
    pixels: Uint8Array.of(time, 2, 3),
    labels: Int32Array.of(time, 1),
    rate: Float32Array.of(1 / (time + 1)),
    // Of all but the first what is carried counts.
    step: Float32Array.of(time === 0 ? 5 : -1000),
    going: Float32Array.of(time === 0 ? 1 : -1000),
  }));

/** The same by a loop over numbers. */
function byHand(times: number) {
  let w = [1, 2] as [number, number];
  let [step, going] = [5, 1];
  const rows = inputsOf(times).map(({ x, pixels, labels, rate }) => {
    const bytes = pixels.reduce((sum, value) => sum + value, 0);
    const label = labels.reduce((sum, value) => sum + value, 0);
    if (going > 0) w = w.map((value, at) => value * (rate[0] as number) + (x[at] as number) * bytes + label) as [number, number];
    step += going;
    going *= w[0] < 100 ? 1 : 0;
    return { first: w[0], sum: w[0] + w[1], step, going };
  });
  return { rows, w };
}

describe('a function that runs several times in one call', () => {
  it.each([
    ['traced', false],
    ['traced', true],
    ['eager', false],
  ] as [Engine, boolean][])('gives what as many calls give (%s, compiled: %s)', (engine, compiled) => {
    const program = createProgram(engine, state, functions(compiled));
    try {
      for (const times of [1, 2, 9]) {
        program.write({ w: state.w.values });
        const rows = program.runEach('f', inputsOf(times));
        const expected = byHand(times);
        expect(rows).toHaveLength(times);
        rows.forEach((row, time) => {
          const { first, sum, step, going } = expected.rows[time] as (typeof expected.rows)[number];
          expect(row.first?.[0]).toBeCloseTo(first, 3);
          expect(row.sum?.[0]).toBeCloseTo(sum, 3);
          expect([row.step?.[0], row.going?.[0]]).toEqual([step, going]);
        });
        const [w0, w1] = program.read(['w']).w as Float32Array;
        expect(w0).toBeCloseTo(expected.w[0], 3);
        expect(w1).toBeCloseTo(expected.w[1], 3);
      }
      // Nine times come past 100, where it stops.
      expect(byHand(9).rows.at(-1)).toMatchObject({ going: 0 });
    } finally {
      program.close();
    }
  });

  it('refuses to carry what is not there', () => {
    const { f } = functions() as { f: ProgramFunction };
    expect(() => createProgram('traced', state, { f: { ...f, carried: { step: 'steps' } } })).toThrow(
      "nothing to carry from 'steps'",
    );
  });
});
