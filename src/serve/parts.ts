import type { Store } from '../stores/store.js';
import type { Batcher } from './batcher.js';
import type { Embedding } from './embedding.js';
import type { Enrolment } from './enrolment.js';
import type { GalleryMap } from './map.js';
import type { Metrics } from './metrics.js';
import type { Computed, ServedModel } from './model.js';
import type { Limits } from './uploads.js';

/** What the routes are made of. */
export interface Parts {
  readonly model: ServedModel;
  readonly store: Store;
  readonly embedding: Embedding;
  readonly enrolment: Enrolment;
  readonly map: GalleryMap;
  readonly metrics: Metrics;
  readonly batcher: Batcher<Uint8Array, Computed>;
  readonly limits: Limits;
  /** Whether the server still takes requests. */
  readonly ready: () => boolean;
  /** Whether the model can still compute. */
  readonly alive: () => boolean;
}
