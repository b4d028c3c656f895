import type { Head } from '../heads/head.js';
import type { Classifier } from '../train/classifier.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import type { Weights } from '../train/trainer.js';
import type { Workbench } from './workbench.js';

/** The classifier that phase 1 trained: an output for each training class. */
export function classifierOf(weights: Weights, bench: Workbench): Classifier {
  const { classes } = bench.split.train;
  return { head: headOf(weights, bench, classes.length), classes };
}

export function headOf(weights: Weights, { network }: Workbench, outputs: number): Head {
  return {
    kernel: weights[HEAD_KERNEL] as Float32Array,
    bias: weights[HEAD_BIAS] as Float32Array,
    inputs: network.features,
    outputs,
  };
}
