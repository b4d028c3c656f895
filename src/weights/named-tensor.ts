import type { Scratch } from './byte-source.js';

/** A tensor of a file of weights. Nothing is copied before `values` is called. */
export interface NamedTensor {
  readonly shape: readonly number[];
  /**
   * The elements in row-major order as float32. With scratch memory they may lie there, or in the file's own bytes: such are looked at
   * before the next tensor is, not changed and not kept.
   */
  readonly values: (scratch?: Scratch) => Float32Array;
}

/** The tensors of a file by the names that it has for them. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;
