/** A tensor of a file of weights. Nothing is copied before `values` is called. */
export interface NamedTensor {
  readonly shape: readonly number[];
  /** The elements in row-major order as float32. */
  readonly values: () => Float32Array;
}

/** The tensors of a file by the names that it has for them. */
export type NamedTensors = ReadonlyMap<string, NamedTensor>;
