/** Running averages of weights, by which a phase is judged in the place of the weights themselves. */
import type { Program } from '../runtime/program.js';
import { type Scalar, type Tensor, tf } from '../runtime/tensorflow.js';
import type { PhasePlan } from '../transfer/plan.js';

/** Name of the running average of a variable in the state of a phase. */
export function averageName(variable: string): string {
  return `${variable}/average`;
}

/** Whatever moves in a phase: trained weights and the statistics of BatchNorm that is trained. Each starts as its own average. */
export function averagedNames(plan: PhasePlan): string[] {
  return plan.variables.filter(({ frozen }) => !frozen).map(({ name }) => name);
}

/**
 * `average ← average + (1 − d)·(value − average)` with `d = min(decay, (1 + t)/(10 + t))`, t the number of the update from 1: the
 * first steps, which are far from where a phase ends, are soon forgotten (Polyak, Juditsky 1992; d as in TensorFlow's
 * `ExponentialMovingAverage` with `num_updates`).
 */
export function movedAverage(average: Tensor, value: Tensor, decay: number, t: Scalar): Tensor {
  // 1 − d, written so that float32 does not lose it where d is next to 1.
  const share = tf.maximum(1 - decay, tf.div(9, tf.add(t, 10)));
  return tf.add(average, tf.mul(share, tf.sub(value, average)));
}

/** A program whose variables read as their averages where there are some. Its `features` have to be made of them too. */
export function byAverages(program: Program, averaged: ReadonlySet<string>): Program {
  const stored = (name: string) => (averaged.has(name) ? averageName(name) : name);
  return {
    run: (name, inputs, wanted) => program.run(name, inputs, wanted),
    runEach: (name, inputs) => program.runEach(name, inputs),
    read(names) {
      const values = program.read(names.map(stored));
      return Object.fromEntries(names.map((name) => [name, values[stored(name)] as Float32Array | Int32Array]));
    },
    write: (values) => program.write(values),
    put: (table, first, rows) => program.put(table, first, rows),
    close: () => program.close(),
  };
}
