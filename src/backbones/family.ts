import type { Layout } from './layout.js';
import type { Topology } from './topology.js';

/** One network of a family, in one arithmetic. */
export interface Variant {
  /** `resnet50`; `.tf` behind it where TensorFlow's padding and ε differ from PyTorch's. */
  readonly name: string;
  /** The side in pixels that its weights were trained at. */
  readonly side: number;
  readonly topology: () => Topology;
  /** The publishers whose weights it takes. */
  readonly layouts: readonly Layout[];
  /** Tensors of a published file that training needed and nothing here does (auxiliary heads). */
  readonly leftOut?: RegExp;
}

/** Networks of one design. */
export interface Family {
  readonly name: string;
  /** Author, year, paper. */
  readonly paper: string;
  readonly variants: readonly Variant[];
}

/** Counters of PyTorch, which serve cumulative averages alone. */
const COUNTER = /(^|\.)num_batches_tracked$/;

/** Names of a file's tensors that have no place in a network, and that nothing else explains. */
export function unplaced(
  names: Iterable<string>,
  places: { readonly has: (name: string) => boolean },
  { leftOut }: Variant,
): string[] {
  return [...names].filter((name) => !places.has(name) && !COUNTER.test(name) && leftOut?.test(name) !== true);
}
