import { describe, expect, it } from 'vitest';
import { stageParts } from '../../src/network/cut.js';
import { createOptimizer } from '../../src/optimizers/registry.js';
import type { Engine, Precision } from '../../src/runtime/program.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { createTrainer, type Weights } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { nodesWritten } from '../runtime/nodes-written.js';
import { BATCH, formulaHead, formulaNetwork, formulaPixels, formulaWeights, LABELS, SIDE } from './formula.js';

const network = formulaNetwork();
interface Choice {
  engine?: Engine;
  precision?: Precision;
  until?: string;
  batchNorm?: 'train' | 'frozen';
  rematerialise: boolean;
}

/** Three steps of a classification phase: losses, and everything that it holds afterwards. */
function train({ engine = 'traced', precision = 'fp32', until = 'none', batchNorm = 'frozen', rematerialise }: Choice) {
  const head = formulaHead(5);
  const plan = planPhase(
    network,
    denseHead(8, 5),
    'classification',
    { freeze: { until }, batchNorm, rate: 1e-2, newLayers: 1, decay: 1, multipliers: [], optimizer: { weightDecay: 1e-3 } },
    SIDE,
  );
  const { program, names } = createTrainer({
    engine,
    precision,
    network,
    plan,
    optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }),
    clipNorm: null,
    objective: classificationObjective({ dropout: 0, smoothing: 0 }),
    batch: BATCH,
    featureBatch: 4,
    side: SIDE,
    rematerialise,
    weights: formulaWeights(network, head),
  });
  const losses = [0, 1, 2].map((at) =>
    Number(
      program.run('step', {
        pixels: formulaPixels(at),
        labels: LABELS,
        rate: Float32Array.of(1e-2),
        step: Float32Array.of(at + 1),
        seed: Int32Array.of(7, at),
      }).loss?.[0],
    ),
  );
  const state = program.read(names.all) as Weights;
  program.close();
  return { losses, state };
}

describe('a network whose stages are computed once more on the way back', () => {
  it('is cut at the end of each stage, and the parts make the whole', () => {
    const parts = stageParts(network);
    expect(parts.map(({ output, stages }) => [output, stages.at(-1)])).toEqual([
      ['pool1', 'conv1'],
      ['conv2_a_relu', 'conv2'],
      [network.output, 'conv3'],
    ]);
    const layers = parts.flatMap((part) => part.layers).filter(({ kind, name }) => kind !== 'input' || name === 'input');
    expect(layers.map(({ name }) => name)).toEqual(network.layers.map(({ name }) => name));
    parts.slice(1).forEach((part, at) => {
      expect(part.layers[0]).toMatchObject({ kind: 'input', name: parts[at]?.output });
    });
  });

  it.each([
    { engine: 'traced', until: 'none', batchNorm: 'frozen' },
    { engine: 'traced', until: 'none', batchNorm: 'train' },
    { engine: 'traced', until: 'conv1', batchNorm: 'frozen' },
    { engine: 'eager', until: 'none', batchNorm: 'train' },
    { engine: 'eager', until: 'conv1', batchNorm: 'frozen' },
  ] as const)('trains to the same numbers: %o', (choice) => {
    const [plain, again] = [train({ ...choice, rematerialise: false }), train({ ...choice, rematerialise: true })];
    again.losses.forEach((loss, step) => expect(loss).toBeCloseTo(plain.losses[step] as number, 5));
    for (const [name, values] of Object.entries(plain.state)) {
      const scale = Math.max(...values.map(Math.abs), 1e-3);
      const furthest = Math.max(...values.map((value, at) => Math.abs(value - (again.state[name]?.[at] as number))));
      expect(furthest / scale, name).toBeLessThan(2e-5);
    }
    // It did train: the loss and the lowest trained kernel moved.
    const kernel = choice.until === 'none' ? 'conv1/kernel' : 'conv2_a/kernel';
    expect(again.state[kernel]).not.toEqual(network.variables.get(kernel)?.values);
    expect(again.losses[2]).not.toBeCloseTo(again.losses[0] as number, 3);
  });

  it.each([
    ['none', 'fp32'],
    ['none', 'bf16'],
    ['conv1', 'fp32'],
    ['conv2', 'fp32'],
  ] as const)(
    'computes again what lies in a trained stage but the last, behind its gradient: until %s, %s',
    (until, precision) => {
      const nodes = (rematerialise: boolean) =>
        nodesWritten(() => train({ until, precision, rematerialise })).filter(({ name }) => name.startsWith('step/'));
      const convolutions = (rematerialise: boolean) =>
        nodes(rematerialise).filter(({ op }) => op === 'Conv2D' || op === 'DepthwiseConv2dNative').length;
      const parts = stageParts(network);
      const first = { none: 0, conv1: 1, conv2: 2 }[until];
      const repeated = parts
        .slice(first, -1)
        .flatMap(({ layers }) => layers)
        .filter(({ kind }) => kind === 'conv' || kind === 'depthwise-conv').length;
      expect(repeated > 0).toBe(until !== 'conv2');
      expect(convolutions(true) - convolutions(false)).toBe(repeated);
      // Each repetition begins with a map that waits for the gradient by what the stage gives.
      const waiting = nodes(true).filter(
        ({ op, inputs }) => op === 'Identity' && inputs.length === 2 && inputs[1]?.startsWith('^'),
      );
      expect(waiting.filter(({ name }) => name.startsWith('step/after'))).toHaveLength(parts.length - 1 - first);
    },
  );
});
