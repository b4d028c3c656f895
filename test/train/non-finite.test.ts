import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/runtime/program.js';
import { tf } from '../../src/runtime/tensorflow.js';
import { pixelEntry } from '../../src/train/entry.js';
import { findNonFinite } from '../../src/train/non-finite.js';
import { classificationObjective, dense } from '../../src/train/objectives.js';
import { type Objective, stepSignature } from '../../src/train/step.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { BATCH, formulaHead, formulaNetwork, formulaPixels, formulaWeights, LABELS, SIDE } from './formula.js';

const plan = planPhase(
  formulaNetwork(),
  denseHead(8, 5),
  'classification',
  {
    freeze: { until: 'conv1' },
    batchNorm: 'frozen',
    rate: 1e-2,
    newLayers: 10,
    decay: 1,
    multipliers: [],
    optimizer: { weightDecay: 0 },
  },
  SIDE,
);

/** What is found when one number of a variable (`whole`: every one) is another. */
function found(engine: Engine, spoil: Record<string, number>, objective?: Objective, whole = false) {
  const network = formulaNetwork();
  const head = formulaHead(5);
  const weights: Record<string, Float32Array> = formulaWeights(network, head);
  for (const [name, value] of Object.entries(spoil)) {
    const spoilt = (weights[name] as Float32Array).slice();
    spoilt.fill(value, whole ? 0 : 1, whole ? spoilt.length : 2);
    weights[name] = spoilt;
  }
  return findNonFinite({
    engine,
    entry: pixelEntry(network, SIDE),
    plan,
    objective: objective ?? classificationObjective({ dropout: 0, smoothing: 0 }),
    signature: stepSignature(BATCH, pixelEntry(network, SIDE)),
    weights,
    feed: {
      pixels: formulaPixels(0),
      labels: LABELS,
      rate: Float32Array.of(0.01),
      step: Float32Array.of(1),
      seed: Int32Array.of(7, 0),
    },
  });
}

describe.each(['traced', 'eager'] as const)('where NaN and infinities come from (%s)', (engine) => {
  it('is nowhere in a sound step', () => {
    expect(found(engine, {})).toBeNull();
  });

  it.each([
    [Number.NaN, { nan: 1, infinite: 0 }],
    [Number.NEGATIVE_INFINITY, { nan: 0, infinite: 1 }],
  ])('is a weight that is %d, named by its layer, frozen or not', (value, counts) => {
    expect(found(engine, { 'conv1/kernel': value, 'conv3_b/kernel': value })).toMatchObject({
      kind: 'weights',
      layer: 'conv1',
      stage: 'conv1',
      ...counts,
    });
  });

  it('is the first layer whose output goes beyond float32, not those behind it', () => {
    const largest = found(engine, { 'conv2_a/kernel': 3e38 });
    expect(largest).toMatchObject({ kind: 'output', layer: 'conv2_a', stage: 'conv2' });
    expect((largest?.infinite ?? 0) + (largest?.nan ?? 0)).toBeGreaterThan(0);
  });

  it('is the loss, where only the head overflows', () => {
    expect(found(engine, { 'head/kernel': 3e38 }, undefined, true)).toMatchObject({
      kind: 'loss',
      layer: 'head',
      stage: 'head',
      size: 1,
    });
  });

  it('is the gradient of the highest layer that has one that is not finite', () => {
    // √x has no slope at 0: the loss is finite, and the head and all below it get NaN or an infinity.
    const objective: Objective = (pooled, variable) => ({
      loss: tf.sum(tf.sqrt(tf.mul(dense(pooled, variable), 0))),
      figures: {},
    });
    expect(found(engine, {}, objective)).toMatchObject({ kind: 'gradient', layer: 'head', stage: 'head', size: 5 });
  });
});
