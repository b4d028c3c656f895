import type { Progress } from '../../progress.js';
import type { ThresholdPoint } from '../../serve/api.js';
import { thresholdCurve } from '../calibrated.js';
import { type FinishedRun, modelHash } from '../finished.js';
import type { ExportPhase } from './model.js';

/** What tells which vectors may be compared with those of an export, and from which cosine on two images are the same. */
export interface Identity {
  /** SHA-256 of the run's model (see {@link modelHash}); null where another is exported than the run chose. */
  readonly model: string | null;
  /** By rising rate; null where another embedding is exported than the run's row, or no held-out embeddings are kept. */
  readonly thresholds: readonly ThresholdPoint[] | null;
}

/** Of a model that has no row of its own: one that gives classes alone. */
export const NO_IDENTITY: Identity = { model: null, thresholds: null };

/** The identity of what a phase exports. Why there are no thresholds, where there could be, is said. */
export async function identityOf(
  run: Pick<FinishedRun, 'folder' | 'recipe'>,
  phase: ExportPhase,
  progress: Progress,
): Promise<Identity> {
  const model = phase === 'best' ? await modelHash(run) : null;
  const scores = await run.folder.readJson<{ exported: string }>('scores.json');
  if (phase !== 'best' && phase !== scores?.exported) return { model, thresholds: null };
  return { model, thresholds: await thresholdCurve(run, progress) };
}
