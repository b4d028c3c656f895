import type { Progress } from '../progress.js';
import type { FeatureSource } from '../train/features.js';
import type { RunFolder } from '../train/run-folder.js';
import type { FreeMemory } from './maps-place.js';
import type { Workbench } from './workbench.js';

/** What every stage and phase of a run works with. */
export interface PhaseContext {
  readonly bench: Workbench;
  readonly folder: RunFolder;
  readonly progress: Progress;
  readonly source: FeatureSource;
  /** Whether the person asked to stop. */
  readonly stopped: () => boolean;
  /** Milliseconds. */
  readonly now: () => number;
  /** Milliseconds between two checkpoints inside an epoch; five minutes where it is not given. */
  readonly saveEvery?: number;
  /** Where maps of frozen layers are kept; the person's cache where it is not given. */
  readonly mapsFolder?: string;
  /** What was free on the card, and in the machine, before anything was computed; null where graphs are not written for a card. */
  readonly freeOnCard: FreeMemory | null;
}
