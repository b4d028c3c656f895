import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clipByGlobalNorm, globalNorm } from '../../src/optimizers/clip.js';
import { onlyIf } from '../../src/optimizers/only-if.js';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';

interface Golden {
  base: number;
  factors: number[];
  variables: { name: string; shape: number[]; multiplier: number; weightDecay: number }[];
  start: Record<string, number[]>;
  gradients: Record<string, number[][]>;
  runs: { options: OptimizerOptions; values: Record<string, number[][]> }[];
  clips: { largest: number; norm: number; gradients: Record<string, number[]> }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/optimizers.json', import.meta.url), 'utf8')) as Golden;

/** Largest difference, relative to the largest expected value. */
function apart(found: ArrayLike<number>, expected: number[]): number {
  return Math.max(...expected.map((value, i) => Math.abs(value - found[i]!))) / Math.max(...expected.map(Math.abs));
}

describe.each(golden.runs)('20 steps against torch: $options', ({ options, values }) => {
  it.each(golden.variables)(
    'of $name with multiplier $multiplier and weight decay $weightDecay',
    ({ name, shape, multiplier, weightDecay }) => {
      tf.tidy(() => {
        const optimizer = createOptimizer(options);
        let value: Tensor = tf.tensor(golden.start[name]!, shape);
        let slots = Object.fromEntries(
          optimizer.slots(shape).map((slot) => [slot.suffix, tf.fill([...slot.shape], slot.fill) as Tensor]),
        );
        golden.factors.forEach((factor, index) => {
          const gradient = tf.tensor(golden.gradients[name]![index]!, shape);
          ({ value, slots } = optimizer.update({
            value,
            gradient,
            slots,
            rate: tf.scalar(golden.base * factor),
            multiplier,
            weightDecay,
            step: tf.scalar(index + 1),
          }));
          expect(apart(value.dataSync(), values[name]![index]!)).toBeLessThan(1e-6);
          expect(value.shape).toEqual(shape);
        });
      });
    },
  );
});

describe('update rules', () => {
  it('keep slots only where they are used, named after what they hold', () => {
    const suffixes = (options: OptimizerOptions): string[] =>
      createOptimizer(options)
        .slots([2])
        .map((slot) => slot.suffix);
    expect(suffixes({ name: 'sgd', momentum: 0 })).toEqual([]);
    expect(suffixes({ name: 'sgd', momentum: 0.9 })).toEqual(['momentum']);
    expect(suffixes({ name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })).toEqual(['mean', 'square']);
    expect(suffixes({ name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })).toEqual(['mean', 'square']);
  });

  it('say which slot is missing', () => {
    const optimizer = createOptimizer({ name: 'sgd', momentum: 0.9 });
    const one = tf.scalar(1);
    expect(() =>
      optimizer.update({ value: one, gradient: one, slots: {}, rate: one, multiplier: 1, weightDecay: 0, step: one }),
    ).toThrow("the slot 'momentum' was not given");
  });

  it.each(golden.runs)('scale the update by the multiplier, not the gradient: $options', ({ options }) => {
    const moved = (multiplier: number): number =>
      tf.tidy(() => {
        const optimizer = createOptimizer(options);
        const slots = Object.fromEntries(optimizer.slots([1]).map((slot) => [slot.suffix, tf.fill([1], slot.fill) as Tensor]));
        const value = tf.tensor1d([1]);
        const next = optimizer.update({
          value,
          gradient: tf.tensor1d([0.5]),
          slots,
          rate: tf.scalar(0.01),
          multiplier,
          weightDecay: 0.1,
          step: tf.scalar(1),
        });
        return 1 - next.value.dataSync()[0]!;
      });
    expect(moved(8) / moved(1)).toBeCloseTo(8, 3);
  });
});

describe('clipping by the global norm', () => {
  const gradients = Object.fromEntries(
    golden.variables.map(({ name, shape }) => [name, tf.tensor(golden.gradients[name]![0]!, shape) as Tensor]),
  );

  it.each(golden.clips)('to $largest is torch.nn.utils.clip_grad_norm_', ({ largest, norm, gradients: expected }) => {
    const clipped = clipByGlobalNorm(gradients, largest);
    expect(clipped.norm.dataSync()[0]).toBeCloseTo(norm, 6);
    for (const name of Object.keys(expected))
      expect(apart(clipped.gradients[name]!.dataSync(), expected[name]!)).toBeLessThan(1e-6);
  });

  it('leaves small gradients as they are, bit for bit, and takes zeros and no gradients at all', () => {
    expect(clipByGlobalNorm(gradients, 1e6).gradients.kernel!.arraySync()).toEqual(gradients.kernel!.arraySync());
    expect([...clipByGlobalNorm({ a: tf.zeros([2]) }, 1).gradients.a!.dataSync()]).toEqual([0, 0]);
    expect(globalNorm([]).dataSync()[0]).toBe(0);
  });
});

describe('onlyIf', () => {
  it('gives the next value or the previous one, bit for bit', () => {
    const next = tf.tensor2d([[1.1, 2.2]]);
    const previous = tf.tensor2d([[3.3, 4.4]]);
    expect(onlyIf(tf.scalar(true), next, previous).arraySync()).toEqual(next.arraySync());
    expect(onlyIf(tf.scalar(false), next, previous).arraySync()).toEqual(previous.arraySync());
  });
});
