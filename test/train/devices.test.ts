import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { semiHard } from '../../src/miners/semi-hard.js';
import { createOptimizer, type OptimizerOptions } from '../../src/optimizers/registry.js';
import type { Precision } from '../../src/runtime/program.js';
import { divideProcessor } from '../../src/runtime/tensorflow.js';
import { GRAPHS_FOLDER } from '../../src/runtime/trace/inspection.js';
import { classificationObjective, tripletObjective } from '../../src/train/objectives.js';
import { createTrainer, type Weights, weightsOf } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { type GraphNode, readNodes } from '../runtime/placement/placement.js';
import { BATCH, CLASSES_PER_BATCH, formulaHead, formulaNetwork, formulaPixels, IMAGES_PER_CLASS, SIDE } from './formula.js';

const network = formulaNetwork();
const BYTES = SIDE * SIDE * 3;
const SGD: OptimizerOptions = { name: 'sgd', momentum: 0.9 };

/** Dealt out one class after the other, so that no part of a third of the batch holds two images of one class. */
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
  spoilt?: boolean;
  /** Of the batch, from its beginning. */
  images?: readonly [from: number, to: number];
}

/** Some steps over so many devices: their figures, and everything that the phase holds afterwards. */
function train(devices: number, choice: Choice = {}) {
  const { phase = 'classification', optimizer = SGD, batchNorm = 'frozen', clipNorm = null, precision = 'fp32' } = choice;
  const { rematerialise = false, ema = null, until = 'conv1', steps = 6, spoilt = false, images = [0, BATCH] } = choice;
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
    weights: { ...weightsOf(network), 'head/kernel': head.kernel, 'head/bias': head.bias },
    batch: to - from,
    featureBatch: 4,
    side: SIDE,
  });
  if (spoilt)
    program.write({ 'conv3_b/kernel': (program.read(['conv3_b/kernel'])['conv3_b/kernel'] as Float32Array).fill(Number.NaN) });
  const figures = Array.from({ length: steps }, (_, step) => {
    const result = program.run('step', {
      pixels: pixelsAt(step).subarray(from * BYTES, to * BYTES),
      labels: LABELS.slice(from, to),
      rate: Float32Array.of(1e-2),
      step: Float32Array.of(step + 1),
      seed: Int32Array.of(7, step),
    });
    return Object.fromEntries(Object.entries(result).map(([name, values]) => [name, Number(values[0])]));
  });
  const values = program.read(names.all) as Weights;
  program.close();
  return { figures, values };
}

type Trained = ReturnType<typeof train>;

/** The largest difference of two runs: of figures as a share of the figure (at least of 1e-3), of variables as one of their largest value. */
function apart(one: Trained, other: Trained): { figures: number; values: number } {
  const figures = one.figures.flatMap((row, step) =>
    Object.entries(row).map(
      ([name, value]) => Math.abs(value - (other.figures[step]?.[name] as number)) / Math.max(Math.abs(value), 1e-3),
    ),
  );
  const values = Object.entries(one.values).map(([name, own]) => {
    const scale = own.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    return own.reduce((most, value, at) => Math.max(most, Math.abs(value - (other.values[name]?.[at] as number))), 0) / scale;
  });
  return { figures: Math.max(...figures), values: Math.max(...values) };
}

beforeAll(() => {
  if (!divideProcessor(3)) throw new Error('the runtime is older than the sources: make setup');
});

const CASES: Record<string, Choice> = {
  'classification, SGD': {},
  'classification, statistics of the batch': { batchNorm: 'train' },
  'classification, Adam, clipped, averaged': {
    optimizer: { name: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-4 },
    clipNorm: 0.5,
    ema: 0.9,
  },
  'classification, stages computed twice, statistics of the batch': { batchNorm: 'train', rematerialise: true, until: 'none' },
  'triplets, semi-hard': { phase: 'triplet' },
  'triplets, semi-hard, statistics of the batch, clipped': { phase: 'triplet', batchNorm: 'train', clipNorm: 0.5 },
};

describe.each(Object.entries(CASES))('six steps of %s', (_, choice) => {
  it.each([2, 3])('over %i devices are those over one with the whole batch', (devices) => {
    const [one, several] = [train(1, choice), train(devices, choice)];
    const found = apart(one, several);
    console.log(JSON.stringify(found), JSON.stringify(one.figures[5]));
    expect(found.figures).toBeLessThan(1e-5);
    expect(found.values).toBeLessThan(1e-5);
  });
});
