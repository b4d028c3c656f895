import type { Progress } from '../progress.js';
import type { GraphCard } from '../weights/cards.js';

export interface PullOptions {
  progress: Progress;
  /** A folder that holds the published files, in place of the network. */
  from?: string;
  /** Fetch and convert again, even where the cache is whole. */
  again?: boolean;
  /** The folder of the cache for weights. */
  cache: string;
}

export interface Pulled {
  /** The folder of the tfjs layers model. */
  folder: string;
  /** Weight files that its source lacked. */
  missing: readonly string[];
}

/** A family of backbones with published weights: how they come into the cache as a tfjs layers model. */
export interface Backbone {
  readonly name: string;
  pull(card: GraphCard, options: PullOptions): Promise<Pulled>;
}
