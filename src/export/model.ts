import type { Variant } from '../backbones/family.js';
import type { Layout } from '../backbones/layout.js';
import type { Head } from '../heads/head.js';
import type { Network } from '../network/network.js';

/** A finished model: a backbone with its trained values, and the head that makes the embedding (null: pooled features). */
export interface FinishedModel {
  readonly network: Network;
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly head: Head | null;
  readonly side: number;
}

/** A classifier on the same backbone: the head that gives a score for each class. */
export interface ExportedClassifier {
  readonly head: Head;
  readonly labels: readonly string[];
}

/** A network of a family, and how its weights were published. */
export interface Published {
  readonly variant: Variant;
  readonly layout: Layout;
}
