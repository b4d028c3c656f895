import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOptimizer } from '../../src/optimizers/registry.js';
import type { Precision } from '../../src/runtime/program.js';
import { divideProcessor } from '../../src/runtime/tensorflow.js';
import { GRAPHS_FOLDER } from '../../src/runtime/trace/inspection.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { createTrainer } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { type GraphNode, readNodes } from '../runtime/placement/placement.js';
import { BATCH, formulaHead, formulaNetwork, formulaWeights, SIDE } from './formula.js';

/** The nodes of a classification phase over so many devices: its step, by momentum and clipped, and its features. */
export async function stepGraph(devices: number, precision: Precision): Promise<GraphNode[]> {
  divideProcessor(devices);
  const network = formulaNetwork();
  const head = formulaHead(5);
  const settings = {
    freeze: { until: 'none' },
    batchNorm: 'frozen',
    rate: 1e-2,
    newLayers: 2,
    decay: 1,
    multipliers: [],
  } as const;
  const plan = planPhase(network, denseHead(8, 5), 'classification', { ...settings, optimizer: { weightDecay: 5e-3 } }, SIDE);
  const folder = mkdtempSync(join(tmpdir(), 'ft-step-graph-'));
  process.env[GRAPHS_FOLDER] = folder;
  try {
    createTrainer({
      engine: 'traced',
      devices,
      precision,
      network,
      plan,
      optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }),
      clipNorm: 1,
      objective: classificationObjective({ dropout: 0.3, smoothing: 0 }),
      weights: formulaWeights(network, head),
      batch: BATCH,
      featureBatch: 4,
      side: SIDE,
    }).program.close();
    const file = readdirSync(folder).find((name) => name.endsWith('.pb')) as string;
    return (await readNodes(readFileSync(join(folder, file)))).nodes;
  } finally {
    delete process.env[GRAPHS_FOLDER];
    rmSync(folder, { recursive: true });
  }
}
