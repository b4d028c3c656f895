import type { Network } from '../../src/network/network.js';
import { createOptimizer } from '../../src/optimizers/registry.js';
import { fingerprints, frozenNames, proveFrozen } from '../../src/train/frozen-proof.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { createTrainer, weightsOf } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { u } from '../train/formula.js';

export const [BATCH, SIDE, CLASSES, STEPS] = [8, 80, 4, 20];

/** Losses of twenty steps on one batch, everything up to a stage frozen, and what of the frozen part moved. */
export function train(
  network: Network,
  until: string,
  precision: 'fp32' | 'bf16' = 'fp32',
  { rematerialise = false, rate = 1e-4 }: { rematerialise?: boolean; rate?: number } = {},
) {
  const rates = {
    freeze: { until },
    batchNorm: 'frozen' as const,
    rate,
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
        rate: Float32Array.of(rate),
      });
      return (loss as Float32Array)[0] as number;
    });
    return { losses, proof: proveFrozen(before, fingerprints(program.read(names))), frozen: names.length };
  } finally {
    program.close();
  }
}
