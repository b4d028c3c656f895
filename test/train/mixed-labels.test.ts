import { describe, expect, it } from 'vitest';
import { accuracy, heavierLabel, softmaxCrossEntropy } from '../../src/losses/softmax-cross-entropy.js';
import { createOptimizer } from '../../src/optimizers/registry.js';
import type { Engine } from '../../src/runtime/program.js';
import { type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { mixedValues } from '../../src/train/mixed-labels.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { createTrainer } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { BATCH, formulaHead, formulaNetwork, formulaPixels, LABELS, SIDE } from './formula.js';

const partners = Int32Array.from({ length: BATCH }, (_, i) => (i + 3) % BATCH);

/** Steps of phase 1 by one of the engines; `lambda` undefined: a step that knows nothing of mixing. */
function run(engine: Engine, lambda: number | undefined, steps = 4) {
  const network = formulaNetwork();
  const head = formulaHead(5);
  const plan = planPhase(
    network,
    denseHead(8, 5),
    'classification',
    {
      ...{ freeze: { until: 'conv1' }, batchNorm: 'frozen', rate: 1e-2, newLayers: 10, decay: 1, multipliers: [] },
      optimizer: { weightDecay: 5e-3 },
    },
    SIDE,
  );
  const { program, names } = createTrainer({
    ...{ engine, network, plan, optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }), clipNorm: null },
    objective: classificationObjective({ dropout: 0, smoothing: 0.1 }),
    weights: {
      ...Object.fromEntries([...network.variables].map(([name, { values }]) => [name, values])),
      ...{ 'head/kernel': head.kernel, 'head/bias': head.bias },
    },
    ...{ batch: BATCH, featureBatch: 4, side: SIDE, mixed: lambda !== undefined },
  });
  const figures = Array.from({ length: steps }, (_, step) => {
    const { loss, accuracy: share } = program.run('step', {
      ...{ pixels: formulaPixels(step), labels: LABELS, rate: Float32Array.of(1e-2), step: Float32Array.of(step + 1) },
      seed: Int32Array.of(7, step),
      ...mixedValues(lambda === undefined ? undefined : { partners, lambda }, LABELS),
    });
    return [Number(loss?.[0]), Number(share?.[0])] as const;
  });
  const weights = program.read(names.all) as Record<string, Float32Array>;
  program.close();
  return { figures, weights };
}

describe('a step on mixed images', () => {
  it('has the same losses, accuracies and weights in both engines', () => {
    const [traced, eager] = [run('traced', 0.3), run('eager', 0.3)];
    for (const [step, [loss, share]] of eager.figures.entries()) {
      expect(Math.abs((traced.figures[step]?.[0] as number) - loss)).toBeLessThan(1e-5 * loss);
      expect(traced.figures[step]?.[1]).toBeCloseTo(share, 6);
    }
    for (const [name, values] of Object.entries(eager.weights)) {
      values.forEach((value, i) => {
        if (Math.abs(value - (traced.weights[name]?.[i] as number)) > 1e-5) throw new Error(`${name} differs at ${i}`);
      });
    }
  });

  it('that keeps all of its own label is the step without mixing', () => {
    const [mixed, alone] = [run('traced', 1), run('traced', undefined)];
    for (const [step, [loss, share]] of alone.figures.entries()) {
      expect(mixed.figures[step]?.[0]).toBeCloseTo(loss, 5);
      expect(mixed.figures[step]?.[1]).toBeCloseTo(share, 6);
    }
  });
});

describe('the loss of mixed labels', () => {
  const logits = tf.tensor2d([
    [2, -1, 0.5],
    [0.1, 0.2, 3],
    [-2, 1, 1.5],
    [0, 4, -1],
  ]);
  const labels = tf.tensor1d([0, 2, 1, 1], 'int32');
  const others = tf.tensor1d([1, 2, 0, 0], 'int32');
  const scores = logits.arraySync() as number[][];
  const crossEntropy = (row: number[], label: number, smoothing: number) => {
    const total = Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0));
    return row.reduce((sum, score, c) => sum - ((c === label ? 1 - smoothing : 0) + smoothing / row.length) * (score - total), 0);
  };

  it.each([
    [0, 0.35],
    [0.2, 0.8],
    [0.1, 0],
  ])('is λ·CE(own) + (1 − λ)·CE(other), smoothed by %f, λ = %f', (smoothing, lambda) => {
    const mixed = { others, lambda: tf.scalar(lambda) };
    const found = softmaxCrossEntropy(logits, labels, { smoothing, mixed }).dataSync()[0];
    const own = [0, 2, 1, 1].map((label, i) => crossEntropy(scores[i] as number[], label, smoothing));
    const other = [1, 2, 0, 0].map((label, i) => crossEntropy(scores[i] as number[], label, smoothing));
    const expected = own.reduce((sum, loss, i) => sum + lambda * loss + (1 - lambda) * (other[i] as number), 0) / 4;
    expect(found).toBeCloseTo(expected, 5);
  });

  it('has the gradient that differences of the loss have', () => {
    const mixed = { others, lambda: tf.scalar(0.35) };
    const loss = (x: Tensor2D) => softmaxCrossEntropy(x, labels, { smoothing: 0.1, mixed });
    const gradient = tf
      .grad((x) => loss(x as Tensor2D))(logits)
      .arraySync() as number[][];
    const h = 1e-2;
    for (const [i, j] of [
      [0, 0],
      [1, 2],
      [2, 1],
      [3, 0],
    ] as const) {
      const moved = (by: number) => {
        const copy = scores.map((row) => [...row]);
        (copy[i] as number[])[j] = (scores[i]?.[j] as number) + by;
        return loss(tf.tensor2d(copy)).dataSync()[0] as number;
      };
      expect(gradient[i]?.[j]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 3);
    }
  });

  it('counts accuracy against the label that an image shows more of', () => {
    const of = (lambda: number) => heavierLabel(labels, { others, lambda: tf.scalar(lambda) });
    expect([...of(0.6).dataSync()]).toEqual([0, 2, 1, 1]);
    expect([...of(0.5).dataSync()]).toEqual([0, 2, 1, 1]);
    expect([...of(0.4).dataSync()]).toEqual([1, 2, 0, 0]);
    expect(accuracy(logits, of(0.6)).dataSync()[0]).toBe(0.75);
    expect(accuracy(logits, of(0.4)).dataSync()[0]).toBe(0.25);
  });
});
