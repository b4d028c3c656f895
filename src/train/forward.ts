import type { Network } from '../network/network.js';
import type { Engine, Precision, Program } from '../runtime/program.js';
import type { Values } from '../runtime/session.js';
import { trace } from '../runtime/traced.js';
import { largestForward } from '../transfer/memory.js';
import { BatchSearch } from './batch-search.js';
import { type Entry, pixelEntry } from './entry.js';
import { featureFunction } from './step.js';
import { networkState, type Weights } from './trainer.js';

/** Computes features, a batch at a time. */
export interface Forward {
  /** Images of the next call. */
  readonly batch: number;
  /**
   * Features of a batch of images, row-major.
   * @param left images that are still to come after these
   */
  run(inputs: Readonly<Record<string, Values>>, left: number): Float32Array;
}

/** By the `features` of a program that takes `batch` images. */
export function forwardBy(program: Program, batch: number): Forward {
  return { batch, run: (inputs) => program.run('features', inputs).features as Float32Array };
}

export interface ForwardOptions {
  readonly engine?: Engine;
  readonly network: Network;
  readonly weights: Weights;
  readonly side: number;
  /** Images that will come, at most. */
  readonly most: number;
  /** Where images enter. */
  readonly entry?: Entry | undefined;
  readonly precision?: Precision;
}

/**
 * By graphs of its own, as many images a call as go fastest ({@link BatchSearch}); an image's features do not depend on them, to the
 * last bit on the processors this was tried on.
 */
export function openForward(options: ForwardOptions): Forward & { close(): void } {
  const { network, weights, side, most, engine = 'traced', precision = 'fp32' } = options;
  const entry = options.entry ?? pixelEntry(network, side);
  const search = new BatchSearch(Math.max(1, Math.min(most, largestForward(network, side))));
  const traced = trace(featureFunction(entry), networkState(entry.network, weights), { engine, precision });
  return {
    get batch() {
      return search.size;
    },
    run(inputs, left) {
      const began = performance.now();
      const { features } = traced.run({ inputs: entry.inputs(search.size) }, inputs);
      search.took(performance.now() - began, left);
      return features as Float32Array;
    },
    close: () => traced.close(),
  };
}
