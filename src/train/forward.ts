import type { Network } from '../network/network.js';
import type { Engine, Precision, Program } from '../runtime/program.js';
import type { Values } from '../runtime/session.js';
import { largestForward } from '../transfer/memory.js';
import { BatchSearch } from './batch-search.js';
import type { Entry } from './entry.js';
import { createFeatureProgram, type Weights } from './trainer.js';

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
 * By programs of its own, as many images a call as go fastest ({@link BatchSearch}); an image's features do not depend on them, to the
 * last bit on the processors this was tried on.
 */
export function openForward(options: ForwardOptions): Forward & { close(): void } {
  const { engine = 'traced', network, weights, side, most, ...rest } = options;
  const search = new BatchSearch(Math.max(1, Math.min(most, largestForward(network, side))));
  const open = (batch: number) => createFeatureProgram(engine, network, weights, batch, side, rest);
  const programs = new Map<number, Program>();
  let opening = 0;
  const programOf = (batch: number) => {
    const there = programs.get(batch);
    if (there !== undefined) return there;
    const began = performance.now();
    const program = open(batch);
    opening = performance.now() - began;
    programs.set(batch, program);
    return program;
  };
  return {
    get batch() {
      return search.size;
    },
    run(inputs, left) {
      const program = programOf(search.size);
      const began = performance.now();
      const features = program.run('features', inputs).features as Float32Array;
      search.took(performance.now() - began, left, opening);
      return features;
    },
    close() {
      for (const program of programs.values()) program.close();
      programs.clear();
    },
  };
}
