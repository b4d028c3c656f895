/** Training in bfloat16 beside training in float32. */
import { describe, expect, it } from 'vitest';
import { createOptimizer } from '../../src/optimizers/registry.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { createTrainer } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { nodesWritten } from '../runtime/nodes-written.js';
import { formulaHead, formulaNetwork, formulaPixels, formulaWeights, SIDE } from './formula.js';

const CLASSES = 4;
const BATCH = 12;
const network = formulaNetwork();

function train(precision: 'fp32' | 'bf16', steps: number) {
  const head = formulaHead(CLASSES);
  const plan = planPhase(
    network,
    denseHead(network.features, CLASSES),
    'classification',
    {
      freeze: { until: 'none' },
      batchNorm: 'frozen',
      rate: 0.02,
      newLayers: 1,
      decay: 1,
      multipliers: [],
      optimizer: { weightDecay: 5e-4 },
    },
    SIDE,
  );
  const { program, names } = createTrainer({
    engine: 'traced',
    network,
    plan,
    precision,
    optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }),
    clipNorm: null,
    objective: classificationObjective({ dropout: 0, smoothing: 0 }),
    weights: formulaWeights(network, head),
    batch: BATCH,
    featureBatch: BATCH,
    side: SIDE,
  });
  const labels = Int32Array.from({ length: BATCH }, (_, image) => image % CLASSES);
  const losses = Array.from({ length: steps }, (_, step) => {
    const { loss } = program.run('step', {
      pixels: formulaPixels(0),
      labels,
      rate: Float32Array.of(0.02),
      step: Float32Array.of(step + 1),
      seed: Int32Array.of(7, step),
    });
    return Number(loss?.[0]);
  });
  const weights = program.read(names.all);
  program.close();
  return { losses, weights };
}

describe('training in bfloat16', () => {
  it('follows float32 for 200 steps, is not it, and is the same each time', () => {
    const [exact, half, again] = [train('fp32', 200), train('bf16', 200), train('bf16', 200)];
    expect(half.losses).toEqual(again.losses);
    for (const [name, values] of Object.entries(half.weights)) expect(again.weights[name], name).toEqual(values);
    expect(exact.losses.at(-1)).toBeLessThan(0.5 * (exact.losses[0] as number));
    half.losses.forEach((loss, step) => {
      const other = exact.losses[step] as number;
      expect(Math.abs(loss - other), `step ${step}`).toBeLessThan(0.02 * (exact.losses[0] as number));
    });
    expect(half.losses.some((loss, step) => loss !== exact.losses[step])).toBe(true);
  });

  it('computes gradients of kernels of one place and of biases in bfloat16, and those of the head in float32', () => {
    const nodes = nodesWritten(() => train('bf16', 1));
    const ofHalf = new Set(nodes.filter(({ op }) => op === 'Cast').map(({ inputs }) => inputs[0]));
    const products = nodes.filter(({ op, name }) => op === 'BatchMatMulV2' && name.startsWith('step/'));
    // What is computed in bfloat16 is converted for the optimizer. The head: scores, the gradients of its bias, its input and its kernel.
    const halves = products.map(({ name }) => ofHalf.has(name));
    expect(halves).toEqual([false, false, false, false, true, true, true, true, true, true]);
    expect(nodes.filter(({ op }) => op === 'BatchMatMulV2')).toHaveLength(products.length);
  });

  it('keeps weights in float32: small updates are not lost', () => {
    const { weights } = train('bf16', 1);
    const before = network.variables.get('conv3_b/kernel')?.values as Float32Array;
    const after = weights['conv3_b/kernel'] as Float32Array;
    // A step is smaller than the distance of two bfloat16 numbers for most of them, and moves them all the same.
    const lost = before.filter((value, at) => after[at] === value).length;
    expect(lost).toBeLessThan(0.02 * before.length);
    const steps = before.map((value, at) => Math.abs((after[at] as number) - value) / Math.abs(value));
    expect([...steps].sort((a, b) => a - b)[before.length >> 1]).toBeLessThan(1 / 256);
  });
});
