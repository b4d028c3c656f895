import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { semiHard } from '../../src/miners/semi-hard.js';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import type { Precision } from '../../src/runtime/program.js';
import { divideProcessor } from '../../src/runtime/tensorflow.js';
import { classificationObjective, tripletObjective } from '../../src/train/objectives.js';
import { createTrainer, type Weights } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import {
  BATCH,
  CLASSES_PER_BATCH,
  formulaHead,
  formulaNetwork,
  formulaPixels,
  formulaWeights,
  IMAGES_PER_CLASS,
  SIDE,
} from './formula.js';

const form = vi.hoisted(() => ({ writtenFor: 'processor' as 'processor' | 'card', bitExact: false }));
vi.mock('../../src/runtime/written-for.js', () => form);

const network = formulaNetwork();
const BYTES = SIDE * SIDE * 3;
const SGD: OptimizerOptions = { name: 'sgd', momentum: 0.9 };

/** Dealt out one class after the other, so that no third of the batch holds two images of one class. */
const LABELS = Int32Array.from({ length: BATCH }, (_, image) => image % CLASSES_PER_BATCH);
function pixelsAt(step: number): Uint8Array {
  const sorted = formulaPixels(step);
  const dealt = new Uint8Array(sorted.length);
  for (let image = 0; image < BATCH; image++) {
    const from = (image % CLASSES_PER_BATCH) * IMAGES_PER_CLASS + Math.floor(image / CLASSES_PER_BATCH);
    dealt.set(sorted.subarray(from * BYTES, (from + 1) * BYTES), image * BYTES);
  }
  return dealt;
}

interface Choice {
  phase?: 'classification' | 'triplet';
  optimizer?: OptimizerOptions;
  batchNorm?: 'train' | 'frozen';
  clipNorm?: number | null;
  precision?: Precision;
  rematerialise?: boolean;
  ema?: number | null;
  until?: string;
  steps?: number;
  /** Steps in which the head holds NaN. */
  spoilt?: readonly number[];
  /** Of the batch, from its beginning. */
  images?: readonly [from: number, to: number];
}

/** Some steps over so many devices: their figures, and everything that the phase holds afterwards. */
function train(devices: number, choice: Choice = {}) {
  const { phase = 'classification', optimizer = SGD, batchNorm = 'frozen', clipNorm = null, precision = 'fp32' } = choice;
  const { rematerialise = false, ema = null, until = 'conv1', steps = 6, spoilt = [], images = [0, BATCH] } = choice;
  const [from, to] = images;
  const outputs = phase === 'classification' ? 5 : 6;
  const head = formulaHead(outputs);
  const settings = { freeze: { until }, batchNorm, rate: 1e-2, newLayers: 2, decay: 1, multipliers: [] };
  const plan = planPhase(network, denseHead(8, outputs), phase, { ...settings, optimizer: { weightDecay: 5e-3 } }, SIDE);
  const { program, names } = createTrainer({
    engine: 'traced',
    devices,
    precision,
    network,
    plan,
    optimizer: createOptimizer(optimizer),
    clipNorm,
    ema,
    rematerialise,
    objective:
      phase === 'classification'
        ? classificationObjective({ dropout: 0.3, smoothing: 0.1 })
        : tripletObjective({ miner: semiHard, margin: 0.2, distance: 'euclidean', reduction: 'kept' }),
    weights: formulaWeights(network, head),
    batch: to - from,
    featureBatch: 4,
    side: SIDE,
  });
  const figures = Array.from({ length: steps }, (_, step) => {
    const before = program.read(['head/bias']);
    if (spoilt.includes(step)) program.write({ 'head/bias': new Float32Array(outputs).fill(Number.NaN) });
    const result = program.run('step', {
      pixels: pixelsAt(step).subarray(from * BYTES, to * BYTES),
      labels: LABELS.slice(from, to),
      rate: Float32Array.of(1e-2),
      step: Float32Array.of(step + 1),
      seed: Int32Array.of(7, step),
    });
    if (spoilt.includes(step)) program.write(before);
    return Object.fromEntries(Object.entries(result).map(([name, values]) => [name, Number(values[0])]));
  });
  const values = program.read(names.all) as Weights;
  program.close();
  return { figures, values };
}

type Trained = ReturnType<typeof train>;

/**
 * The largest difference of two runs: of figures as a share of the figure, of variables and slots as one of their largest value, at least
 * of 0.02: the gradient by a bias below a BatchNorm, or by what only scales a map below one, is 0 but for rounding.
 */
function apart(one: Trained, other: Trained): { figures: number; values: number } {
  const figures = one.figures.flatMap((row, step) =>
    Object.entries(row).map(
      ([name, value]) => Math.abs(value - (other.figures[step]?.[name] as number)) / Math.max(Math.abs(value), 1e-3),
    ),
  );
  const values = Object.keys(one.values).map((name) => {
    const scale = (one.values[name] as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0.02);
    return distance(one, other, name) / scale;
  });
  return { figures: Math.max(...figures), values: Math.max(...values) };
}

function distance(one: Trained, other: Trained, name: string): number {
  const theirs = other.values[name] as Float32Array;
  return Math.max(...Array.from(one.values[name] as Float32Array, (value, at) => Math.abs(value - (theirs[at] as number))));
}

beforeAll(() => {
  if (!divideProcessor(3)) throw new Error('the runtime is older than the sources: make setup');
});

const CASES: Record<string, Choice & { over: readonly number[]; writtenFor?: 'card' }> = {
  'classification, SGD': { over: [2] },
  'triplets, semi-hard, written for cards': { phase: 'triplet', over: [2], writtenFor: 'card' },
  'classification, Adam, clipped, averaged': {
    optimizer: { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-4 },
    clipNorm: 0.5,
    ema: 0.9,
    over: [3],
  },
  'classification, stages computed twice, statistics of the batch': {
    batchNorm: 'train',
    rematerialise: true,
    until: 'none',
    over: [3],
  },
  'triplets, semi-hard': { phase: 'triplet', over: [3] },
  'triplets, semi-hard, statistics of the batch, clipped': { phase: 'triplet', batchNorm: 'train', clipNorm: 0.5, over: [2] },
};

describe.each(Object.entries(CASES))('six steps of %s', (_, { over, writtenFor, ...choice }) => {
  afterEach(() => {
    form.writtenFor = 'processor';
  });
  let one: Trained | undefined;
  it.each(over)('over %i devices are those over one with the whole batch, to 2e-5', (devices) => {
    one ??= train(1, choice);
    form.writtenFor = writtenFor ?? 'processor';
    const found = apart(one, train(devices, choice));
    expect(found.figures).toBeLessThan(2e-5);
    expect(found.values).toBeLessThan(2e-5);
  });
});

describe('a step over several devices', () => {
  it('looks for triplets among all images: by itself, no third of the batch has one', () => {
    const choice = { phase: 'triplet', steps: 3 } as const;
    const parts = [0, 8].map((from) => train(1, { ...choice, images: [from, from + 4] }));
    expect(parts.flatMap(({ figures }) => figures.map(({ kept }) => kept))).toEqual(Array(6).fill(0));
    const [one, three] = [train(1, choice), train(3, choice)];
    const kept = one.figures.map((row) => row.kept as number);
    expect(Math.min(...kept)).toBeGreaterThan(50);
    expect(three.figures.map((row) => row.kept)).toEqual(kept);
    expect(three.values['conv3_b/kernel']).not.toEqual(network.variables.get('conv3_b/kernel')?.values);
  });

  it('takes the statistics of all images: those of a part are others', () => {
    const choice = { batchNorm: 'train', steps: 1 } as const;
    const [whole, part, two] = [train(1, choice), train(1, { ...choice, images: [0, 6] }), train(2, choice)];
    for (const name of ['conv2_a_bn/mean', 'conv2_a_bn/variance']) {
      expect(distance(whole, part, name), name).toBeGreaterThan(1e-4);
      expect(distance(whole, two, name), name).toBeLessThan(1e-6);
    }
  });

  it('gives bit-equal weights when it is run again', () => {
    const choice = { batchNorm: 'train', clipNorm: 0.5, steps: 4 } as const;
    expect(train(3, choice).values).toEqual(train(3, choice).values);
  });

  it('computes in bfloat16 what one device does, as far as its eight bits go', () => {
    const found = apart(train(1, { precision: 'bf16', steps: 3 }), train(2, { precision: 'bf16', steps: 3 }));
    expect(found.figures).toBeLessThan(5e-3);
    expect(found.values).toBeLessThan(5e-3);
  });

  it('that meets NaN changes nothing on any of them', () => {
    const [one, three] = [train(1, { steps: 3, spoilt: [1] }), train(3, { steps: 3, spoilt: [1] })];
    expect(three.figures.map(({ finite }) => finite)).toEqual([1, 0, 1]);
    expect(three.figures[1]?.loss).toBeNaN();
    // The third step is computed on the other two by what they hold.
    expect(three.figures[2]?.loss).toBeCloseTo(one.figures[2]?.loss as number, 5);
    expect(apart({ ...one, figures: [] }, three).values).toBeLessThan(2e-5);
  });
});
