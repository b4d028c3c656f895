import type { Inputs } from './feeds.js';
import type { Values } from './session.js';
import type { Signature, StateSpec, StepFunction } from './trace/trace.js';

/** How steps are run: traced into one graph, or op by op (the reference). */
export type Engine = 'traced' | 'eager';

/** In what convolutions compute: float32, or bfloat16 with all else in float32 (see toMixedPrecision). */
export type Precision = 'fp32' | 'bf16';

export interface ProgramFunction {
  readonly signature: Signature;
  readonly fn: StepFunction;
  /** Whether XLA compiles it whole (see graph/compile.ts). The eager engine, which is the reference, runs it as it is. */
  readonly compiled?: boolean;
  /**
   * Where it may run several times in one call (see {@link Program.runEach}): what is carried from each time to the next, as the output
   * that takes an input's place. Its outputs are float32 scalars then.
   */
  readonly carried?: Readonly<Record<string, string>>;
}

export interface StateValue extends StateSpec {
  readonly values: Float32Array | Int32Array;
}

/** Functions over one common state. What goes in and out are plain typed arrays. */
export interface Program {
  /**
   * Runs a function: feeds its inputs, updates the state, returns its outputs. Traced, what only an output that is not `wanted`
   * needs is not computed. At least one has to be wanted.
   */
  run(name: string, inputs: Readonly<Record<string, Values>>, wanted?: (output: string) => boolean): Record<string, Values>;
  /**
   * Runs a function once for each of some inputs, in order, and gives the outputs of each time. Where it is `carried` from time to
   * time, what is carried is taken from the first inputs alone. Traced, it is one session call, and all outputs are computed.
   */
  runEach(name: string, inputs: readonly Inputs[]): Record<string, Values>[];
  /** Copies of the present values of some variables of the state. */
  read(names: readonly string[]): Record<string, Float32Array | Int32Array>;
  write(values: Readonly<Record<string, Float32Array | Int32Array>>): void;
  /** Puts rows into a table, one after the other from the row `first` on; bytes into one that holds such. */
  put(table: string, first: number, rows: Float32Array | Uint8Array): void;
  close(): void;
}
