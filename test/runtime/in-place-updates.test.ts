import { beforeEach, describe, expect, it, vi } from 'vitest';
import { onlyIf } from '../../src/optimizers/only-if.js';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import { GraphBuilder } from '../../src/runtime/graph/builder.js';
import { updateInPlace } from '../../src/runtime/graph/in-place-updates.js';
import { createProgram, type StateValue } from '../../src/runtime/program.js';
import { type Scalar, tf } from '../../src/runtime/tensorflow.js';
import { GraphState, type StepFunction, traceFunction } from '../../src/runtime/trace/trace.js';

const form = vi.hoisted(() => ({ writtenFor: 'processor' as 'processor' | 'card', bitExact: false }));
vi.mock('../../src/runtime/written-for.js', () => form);

const SIZE = 6;
const signature = {
  inputs: {
    gradient: { shape: [SIZE], dtype: 'float32' },
    rate: { shape: [], dtype: 'float32' },
    step: { shape: [], dtype: 'float32' },
  },
} as const;

const cases: [string, OptimizerOptions, number, string[]][] = [
  ['momentum', { name: 'sgd', momentum: 0.9 }, 0, ['ResourceApplyMomentum']],
  ['momentum with weight decay', { name: 'sgd', momentum: 0.9 }, 0.1, ['ResourceApplyMomentum']],
  ['Nesterov', { name: 'sgd', momentum: 0.9, nesterov: true }, 0.1, ['ResourceApplyMomentum']],
  ['no momentum', { name: 'sgd', momentum: 0 }, 0.1, ['ResourceApplyGradientDescent']],
  // Of Adam the last step alone: what is taken from the value.
  ['Adam', { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, 0.1, ['ResourceApplyGradientDescent']],
];

/** A step of one optimizer on one variable, left out where the gradient is not finite; `old` and `new` are what it saw. */
function stepOf(options: OptimizerOptions, weightDecay: number, outside = false) {
  const optimizer = createOptimizer(options);
  const suffixes = optimizer.slots([SIZE]).map(({ suffix }) => suffix);
  const slots = Object.fromEntries(suffixes.map((suffix) => [suffix, `w/${suffix}`]));
  const state: Record<string, StateValue> = Object.fromEntries(
    ['w', ...Object.values(slots)].map((name) => [
      name,
      {
        shape: [SIZE],
        dtype: 'float32' as const,
        values: Float32Array.from({ length: SIZE }, (_, i) => (name === 'w' ? i - 2.5 : 0)),
      },
    ]),
  );
  const fn: StepFunction = (inputs, before) => {
    const { gradient, rate, step } = inputs as Record<'gradient' | 'rate' | 'step', Scalar>;
    const finite = tf.isFinite(tf.sum(gradient)) as Scalar;
    const made = optimizer.update({
      value: before.w!,
      gradient,
      rate,
      step,
      multiplier: 0.5,
      weightDecay,
      slots: Object.fromEntries(suffixes.map((suffix) => [suffix, before[`w/${suffix}`]!])),
    });
    const w = onlyIf(finite, made.value, before.w!);
    const kept = suffixes.map((suffix) => [`w/${suffix}`, onlyIf(finite, made.slots[suffix]!, before[`w/${suffix}`]!)] as const);
    const outputs = {
      finite: tf.cast(finite, 'float32'),
      old: before.w!,
      new: w,
      ...(outside ? { seen: tf.neg(made.value) } : {}),
    };
    return { outputs, state: { w, ...Object.fromEntries(kept) } };
  };
  return { state, fn };
}

/** Which operations move variables after the pass. */
function operations({ state, fn }: ReturnType<typeof stepOf>): string[] {
  const graph = new GraphBuilder();
  traceFunction(graph, new GraphState(graph, state), state, 'step', signature, fn);
  updateInPlace(graph, form.writtenFor);
  return graph.nodes().map((node) => node.getOp());
}

const movers = (step: ReturnType<typeof stepOf>) => operations(step).filter((operation) => operation.startsWith('ResourceApply'));

const gradientAt = (step: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => (step === 2 ? Number.NaN : Math.sin(i + 3 * step)));

const forms = cases.flatMap(([name, ...rest]) => (['processor', 'card'] as const).map((to) => [name, to, ...rest] as const));

describe.each(forms)('an update by SGD or Adam: %s, written for a %s', (_name, to, options, weightDecay, expected) => {
  beforeEach(() => {
    form.writtenFor = to;
  });

  it('is made of the operations that do it in place, and branches on a processor alone', () => {
    expect(movers(stepOf(options, weightDecay))).toEqual(expected);
    expect(operations(stepOf(options, weightDecay)).includes('Switch')).toBe(to === 'processor');
  });

  it('gives the values of the formula, is left out where its condition does not hold, and shows old values as they were', () => {
    const { state, fn } = stepOf(options, weightDecay);
    const run = (engine: 'traced' | 'eager', wanted: (output: string) => boolean) => {
      const program = createProgram(engine, state, { step: { signature, fn } });
      const seen = Array.from({ length: 6 }, (_, step) => {
        const outputs = program.run(
          'step',
          { gradient: gradientAt(step), rate: Float32Array.of(0.1 / (step + 1)), step: Float32Array.of(step + 1) },
          wanted,
        );
        const after = program.read(Object.keys(state));
        return { ...outputs, ...after };
      });
      program.close();
      return seen;
    };
    const all = () => true;
    const [traced, eager, bare] = [run('traced', all), run('eager', all), run('traced', (output) => output === 'finite')];
    for (const [step, values] of eager.entries()) {
      for (const [name, expected] of Object.entries(values)) {
        const own = (traced[step] as Record<string, Float32Array>)[name] as Float32Array;
        expected.forEach((value, at) => expect(own[at], `${name} after step ${step}`).toBeCloseTo(value, 5));
      }
      // What is looked at changes nothing.
      for (const name of Object.keys(state))
        expect((bare[step] as Record<string, unknown>)[name]).toEqual((traced[step] as Record<string, unknown>)[name]);
    }
    expect(traced[2]).toMatchObject({ finite: Float32Array.of(0), w: traced[1]!.w });
    expect(traced[1]!.w).not.toEqual(traced[0]!.w);
    expect(traced[3]!.old).toEqual(traced[2]!.w);
  });
});

describe('an update whose result is wanted elsewhere too', () => {
  it('stays as it is', () => {
    expect(movers(stepOf({ name: 'sgd', momentum: 0.9 }, 0, true))).toEqual([]);
  });
});
