import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { variantOf } from '../../src/backbones/families.js';
import type { Network } from '../../src/network/network.js';
import { createOptimizer } from '../../src/optimizers/registry.js';
import { fingerprints, frozenNames, proveFrozen } from '../../src/train/frozen-proof.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { createTrainer, weightsOf } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { u } from '../train/formula.js';
import { formulaWeights, publishedTensors } from './published.js';

/** The smallest network of each design, in each arithmetic that differs in kind. */
const SOME = [
  'vgg11',
  'vgg11-bn',
  'googlenet',
  'inception-v3',
  'resnet18',
  'resnet50-v1',
  'resnet50-v2',
  'densenet121',
  'mobilenet-v1-0.25',
  'mobilenet-v2-0.35.tf',
  'mobilenet-v3-small',
  'efficientnet-b0',
  'efficientnet-lite0',
  'convnext-tiny',
].filter((name) => new RegExp(process.env.FT_BACKBONES ?? '').test(name));

const [BATCH, SIDE, CLASSES, STEPS] = [8, 80, 4, 20];

function networkOf(name: string): Network {
  const variant = variantOf(name, 'the test');
  const layout = variant.layouts[0]!;
  return assemble(variant, layout, publishedTensors(variant, layout, formulaWeights(layout.order)), { where: name });
}

/** Losses of steps on one batch, and what of the frozen part moved. */
function train(network: Network, until: string, precision: 'fp32' | 'bf16', rematerialise: boolean) {
  const rates = {
    freeze: { until },
    batchNorm: 'frozen' as const,
    rate: 1e-4,
    newLayers: 10,
    decay: 1,
    multipliers: [],
    optimizer: { weightDecay: 1e-4 },
  };
  const plan = planPhase(network, denseHead(network.features, CLASSES), 'classification', rates, SIDE);
  const weights = {
    ...weightsOf(network),
    'head/kernel': Float32Array.from(u('head/kernel', network.features * CLASSES), (value) => value * 0.01),
    'head/bias': new Float32Array(CLASSES),
  };
  const { program } = createTrainer({
    engine: 'traced',
    network,
    plan,
    optimizer: createOptimizer({ name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    clipNorm: 1,
    objective: classificationObjective({ dropout: 0, smoothing: 0 }),
    weights,
    precision,
    rematerialise,
    batch: BATCH,
    featureBatch: BATCH,
    side: SIDE,
  });
  try {
    const pixels = Uint8Array.from(u('pixels', BATCH * SIDE * SIDE * 3), (value) => (value + 0.5) * 256);
    const labels = Int32Array.from({ length: BATCH }, (_, image) => image % CLASSES);
    const names = frozenNames(plan);
    const before = fingerprints(program.read(names));
    const losses = Array.from({ length: STEPS }, (_, step) => {
      const { loss } = program.run('step', {
        pixels,
        labels,
        step: Float32Array.of(step + 1),
        seed: Int32Array.of(1, 2),
        rate: Float32Array.of(1e-4),
      });
      return (loss as Float32Array)[0] as number;
    });
    return { losses, proof: proveFrozen(before, fingerprints(program.read(names))), frozen: names.length };
  } finally {
    program.close();
  }
}

describe.each(SOME)('%s', (name) => {
  const network = networkOf(name);

  it('learns one batch in 20 steps with its lower layers frozen, byte by byte, in float32 and alike in bfloat16', () => {
    const exact = train(network, 'conv2', 'fp32', false);
    expect(exact.frozen).toBeGreaterThan(1);
    expect(exact.proof.moved).toEqual([]);
    expect(exact.losses.at(-1)!).toBeLessThan(exact.losses[0]!);
    const half = train(network, 'conv2', 'bf16', false);
    exact.losses.forEach((loss, step) => {
      const off = Math.abs(half.losses[step]! - loss) / Math.max(loss, exact.losses[0]!);
      // Weights of the formula are no trained ones: the first steps overshoot, and what rounding changes then grows.
      expect(off, `step ${step}: ${loss} and ${half.losses[step]}`).toBeLessThan(0.1);
    });
  });

  it('gives the same losses where its stages are computed once more on the way back', () => {
    const [exact, again] = [false, true].map((rematerialise) => train(network, 'conv1', 'fp32', rematerialise).losses);
    again!.slice(0, 5).forEach((loss, step) => expect(Math.abs(loss - exact![step]!) / exact![step]!).toBeLessThan(1e-3));
  });
});
