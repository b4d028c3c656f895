import { describe, expect, it } from 'vitest';
import { type DistanceName, pairwiseDistances, unitLength } from '../../src/losses/distances.js';
import { meanDistances } from '../../src/losses/mean-distances.js';
import { accuracy, softmaxCrossEntropy } from '../../src/losses/softmax-cross-entropy.js';
import { type TripletReduction, tripletLoss } from '../../src/losses/triplet.js';
import { miners } from '../../src/miners/registry.js';
import { clipByGlobalNorm } from '../../src/optimizers/clip.js';
import { onlyIf } from '../../src/optimizers/only-if.js';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import { createProgram, type Engine, type ProgramFunction } from '../../src/runtime/program.js';
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { classesOf } from './synthetic.js';

const { embeddings, labels } = classesOf(4, 3, 8, 1, 5);
const rows = { shape: [12, 8], dtype: 'float32' } as const;
const classes = { shape: [12], dtype: 'int32' } as const;
const other = classesOf(4, 3, 8, 1, 6);

function triplet(miner: string, distance: DistanceName, reduction: TripletReduction): ProgramFunction {
  const mineBy = [...miners].find(([name]) => name === miner)![1];
  return {
    signature: { inputs: { x: rows, labels: classes } },
    fn: (inputs) => {
      const y = inputs.labels as Tensor1D;
      const figures: Record<string, Tensor> = {};
      const { value, grad } = tf.valueAndGrad((x) => {
        const distances = pairwiseDistances(unitLength(x as Tensor2D), distance);
        const { loss, kept, active } = tripletLoss(distances, mineBy(distances, y, 0.2), 0.2, reduction);
        Object.assign(figures, { kept, active }, meanDistances(distances, y));
        for (const figure of Object.values(figures)) tf.keep(figure);
        return loss;
      })(inputs.x as Tensor2D);
      return { outputs: { loss: value, gradient: grad, ...figures } };
    },
  };
}

function classifier(smoothing: number): ProgramFunction {
  return {
    signature: { inputs: { x: rows, labels: classes } },
    fn: (inputs) => {
      const y = inputs.labels as Tensor1D;
      const { value, grad } = tf.valueAndGrad((x) => softmaxCrossEntropy(x as Tensor2D, y, { smoothing }))(inputs.x as Tensor2D);
      return { outputs: { loss: value, gradient: grad, accuracy: accuracy(inputs.x as Tensor2D, y) } };
    },
  };
}

const functions: Record<string, ProgramFunction> = {
  classifier: classifier(0),
  smoothed_classifier: classifier(0.1),
};
for (const miner of miners.keys()) {
  for (const distance of ['euclidean', 'squared-euclidean', 'cosine'] as const) {
    for (const reduction of ['kept', 'non-zero'] as const)
      functions[`${miner}_${distance}_${reduction}`] = triplet(miner, distance, reduction);
  }
}

describe('traced into a graph', () => {
  const programs = (['traced', 'eager'] as Engine[]).map((engine) => createProgram(engine, {}, functions));

  it.each(Object.keys(functions))('the loss, gradient and figures are those of eager execution, on two batches: %s', (name) => {
    for (const batch of [{ embeddings, labels }, other]) {
      const inputs = { x: Float32Array.from(batch.embeddings.flat()), labels: Int32Array.from(batch.labels) };
      const [traced, eager] = programs.map((program) => program.run(name, inputs));
      expect(Object.keys(traced!)).toEqual(Object.keys(eager!));
      for (const key of Object.keys(eager!)) {
        const expected = [...(eager![key] as Float32Array)];
        const found = traced![key] as Float32Array;
        const scale = Math.max(1e-3, ...expected.map(Math.abs));
        expected.forEach((value, i) => expect(Math.abs(value - found[i]!) / scale).toBeLessThan(1e-6));
      }
    }
  });
});

const optimizers: OptimizerOptions[] = [
  { name: 'sgd', momentum: 0.9 },
  { name: 'sgd', momentum: 0.9, nesterov: true },
  { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];

describe.each(optimizers)('20 updates traced into a graph: $name', (options) => {
  it('are those of eager execution, clipped, and a refused one changes nothing', () => {
    const optimizer = createOptimizer(options);
    const slots = optimizer.slots([3]);
    const fn: ProgramFunction = {
      signature: {
        inputs: {
          gradient: { shape: [3], dtype: 'float32' },
          rate: { shape: [], dtype: 'float32' },
          step: { shape: [], dtype: 'float32' },
          accept: { shape: [], dtype: 'float32' },
        },
      },
      fn: (inputs, state) => {
        const { gradients, norm } = clipByGlobalNorm({ w: inputs.gradient! }, 1);
        const next = optimizer.update({
          value: state.w!,
          gradient: gradients.w!,
          slots: Object.fromEntries(slots.map(({ suffix }) => [suffix, state[`w/${suffix}`]!])),
          rate: inputs.rate as Scalar,
          multiplier: 10,
          weightDecay: 0.01,
          step: inputs.step as Scalar,
        });
        const accepted = tf.greater(inputs.accept!, tf.scalar(0)) as Scalar;
        const after = { w: next.value, ...Object.fromEntries(slots.map(({ suffix }) => [`w/${suffix}`, next.slots[suffix]!])) };
        return {
          outputs: { norm },
          state: Object.fromEntries(Object.entries(after).map(([name, t]) => [name, onlyIf(accepted, t, state[name]!)])),
        };
      },
    };
    const names = ['w', ...slots.map(({ suffix }) => `w/${suffix}`)];
    const state = Object.fromEntries(
      names.map((name) => [
        name,
        { shape: [3], dtype: 'float32' as const, values: Float32Array.of(1, -2, 3).map((v) => (name === 'w' ? v : 0)) },
      ]),
    );
    const [traced, eager] = (['traced', 'eager'] as Engine[]).map((engine) => createProgram(engine, state, { update: fn }));
    for (let step = 1; step <= 20; step++) {
      const inputs = {
        gradient: Float32Array.of(Math.sin(step), 2 * Math.cos(3 * step), 0.1 * step),
        rate: Float32Array.of(0.01 * (1 - step / 40)),
        step: Float32Array.of(step),
        accept: Float32Array.of(step % 5 === 0 ? 0 : 1),
      };
      const before = traced!.read(names);
      traced!.run('update', inputs);
      eager!.run('update', inputs);
      const [found, expected] = [traced!.read(names), eager!.read(names)];
      if (step % 5 === 0) expect(found).toEqual(before);
      for (const name of names)
        expected[name]!.forEach((value, i) => expect(Math.abs(found[name]![i]! / value - 1)).toBeLessThan(2e-6));
    }
  });
});
