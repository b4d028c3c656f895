import type { Head } from '../heads/head.js';
import type { Network } from '../network/network.js';
import { readCheckpoint } from '../runtime/checkpoint.js';
import type { Classifier } from '../train/classifier.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import type { RunFolder } from '../train/run-folder.js';
import type { Weights } from '../train/trainer.js';
import type { PhaseName } from '../transfer/plan.js';
import { phaseWeights } from './phase-checkpoint.js';
import type { Workbench } from './workbench.js';

/** The classifier that phase 1 trained: an output for each training class. */
export function classifierOf(weights: Weights, bench: Workbench): Classifier {
  const { classes } = bench.split.train;
  return { head: headOf(weights, bench, classes.length), classes };
}

export function headOf(weights: Weights, { network }: { readonly network: Network }, outputs: number): Head {
  return {
    kernel: weights[HEAD_KERNEL] as Float32Array,
    bias: weights[HEAD_BIAS] as Float32Array,
    inputs: network.features,
    outputs,
  };
}

export async function readWeights(folder: RunFolder, phase: PhaseName): Promise<Weights> {
  const { tensors } = await readCheckpoint(phaseWeights(folder, phase));
  return Object.fromEntries(Object.entries(tensors).map(([name, { values }]) => [name, values as Float32Array]));
}
