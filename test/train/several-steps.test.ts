/** Steps that run several in a call give, to the last bit, what they give one a call. */
import { describe, expect, it } from 'vitest';
import { semiHard } from '../../src/miners/semi-hard.js';
import { createOptimizer } from '../../src/optimizers/registry.js';
import type { Values } from '../../src/runtime/session.js';
import { classificationObjective, tripletObjective } from '../../src/train/objectives.js';
import { type EpochSummary, type Position, runPhase, START } from '../../src/train/phase.js';
import { createTrainer } from '../../src/train/trainer.js';
import { denseHead, type PhaseName, planPhase } from '../../src/transfer/plan.js';
import { BATCH, formulaHead, formulaNetwork, formulaPixels, formulaWeights, LABELS, SIDE } from './formula.js';

const STEPS = 7;
/** Numbers of images from here on are each of a class of their own: a batch of them has no triplet. */
const ALONE = 1000;

interface Case {
  readonly stepsPerCall: number;
  /** Of the phase, from 0: its rate throws the weights so far that the next one is not finite. */
  readonly spoiled?: number;
}

class Stopped extends Error {}

async function train(phase: PhaseName, { stepsPerCall, spoiled = -1 }: Case) {
  const network = formulaNetwork();
  const outputs = phase === 'classification' ? 5 : 6;
  const head = formulaHead(outputs);
  const plan = planPhase(
    network,
    denseHead(8, outputs),
    phase,
    {
      freeze: { until: 'conv1' },
      batchNorm: 'train',
      rate: 1e-2,
      newLayers: 10,
      decay: 1,
      multipliers: [],
      optimizer: { weightDecay: 5e-3 },
    },
    SIDE,
  );
  const { program, names } = createTrainer({
    engine: 'traced',
    inOneCall: stepsPerCall > 1,
    network,
    plan,
    // Adam corrects by the number of the update, which in phase 2 a batch without a triplet does not count.
    optimizer: createOptimizer({ name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    clipNorm: 1,
    ema: 0.9,
    objective:
      phase === 'classification'
        ? classificationObjective({ dropout: 0.3, smoothing: 0.1 })
        : tripletObjective({ miner: semiHard, margin: 0.2, distance: 'euclidean', reduction: 'kept' }),
    weights: formulaWeights(network, head),
    batch: BATCH,
    featureBatch: 4,
    side: SIDE,
  });
  const epochs: EpochSummary[] = [];
  const steps: { position: Position; figures: Record<string, number> }[] = [];
  const calls: number[] = [];
  let failed: { position: Position; feed: Record<string, Values> } | undefined;
  try {
    await runPhase(
      {
        name: phase,
        program,
        stepsPerCall,
        epochs: 2,
        stepsPerEpoch: STEPS,
        seed: 9,
        now: () => 0,
        labelOf: (image) => (image >= ALONE ? image - ALONE : (LABELS[image] as number)),
        batches: async function* (epoch, fromStep) {
          for (let step = fromStep; step < STEPS; step++) {
            const first = phase === 'triplet' && step % 3 === 1 ? ALONE : 0;
            yield {
              pixels: formulaPixels(epoch * STEPS + step),
              indices: Int32Array.from({ length: BATCH }, (_, at) => first + at),
            };
          }
        },
        rateAt: (step) => (step === spoiled ? 1e38 : 1e-3 * (1 + (step % 3))),
        watch: { margin: null, distance: 'euclidean', classes: 6 },
        onStep: (position, figures) => void steps.push({ position, figures }),
        onCall: ({ step }) => void calls.push(step),
        onNotFinite(position, feed) {
          failed = { position, feed: { ...feed } };
          throw new Stopped();
        },
        onEpoch: async (summary) => void epochs.push(summary),
        stopped: () => false,
        onStop: async () => {},
      },
      START,
    );
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
  const values = program.read(names.all);
  program.close();
  return { values, epochs, steps, calls, failed };
}

describe('steps that run several in a call', () => {
  it.each(['classification', 'triplet'] as const)('give the bits, figures and positions of one a call (%s)', async (phase) => {
    const [alone, together] = [await train(phase, { stepsPerCall: 1 }), await train(phase, { stepsPerCall: 4 })];
    expect(together.values).toEqual(alone.values);
    expect(together.epochs).toEqual(alone.epochs);
    expect(together.steps).toEqual(alone.steps);
    expect(together.steps[5]?.position.updates).toBe(phase === 'triplet' ? 4 : 6);
    expect(alone.calls).toHaveLength(2 * STEPS);
    // A call does not go beyond an epoch.
    expect(together.calls).toEqual([4, 7, 11, 14]);
  });

  it('end where one is not finite, before anything more has changed', async () => {
    const [alone, together] = [
      await train('classification', { stepsPerCall: 1, spoiled: 4 }),
      await train('classification', { stepsPerCall: 4, spoiled: 4 }),
    ];
    expect(together.values).toEqual(alone.values);
    expect(together.steps).toEqual(alone.steps);
    const { going, ...feed } = together.failed?.feed ?? {};
    expect(going).toEqual(Float32Array.of(1));
    expect({ ...together.failed, feed }).toEqual(alone.failed);
    expect(alone.failed).toMatchObject({ position: { step: 5, updates: 5 }, feed: { step: Float32Array.of(6) } });
  });
});
