/** The thread that the model lives in: a call of it blocks this thread, and the one that speaks HTTP stays free. */
import { resolve } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Fault, UserError } from '../../errors.js';
import { type ProgressSaid, saidProgress } from '../../progress.js';
import type { ServedModel } from '../../serve/model.js';
import type { Gallery } from '../gallery.js';
import { exportPlace } from './export-place.js';
import type { ComputedRows, OpenedModel, Opening } from './opened.js';

/** What the thread says. */
export type ModelSaid =
  | { readonly kind: 'progress'; readonly said: ProgressSaid }
  | {
      readonly kind: 'opened';
      readonly model: ServedModel;
      readonly sizes: readonly number[] | null;
      readonly gallery: Gallery | null;
    }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  | { readonly kind: 'failed'; readonly error: string; readonly call: number | null }
  | ({ readonly kind: 'computed'; readonly call: number } & ComputedRows);

/** What it is told: images to compute, or to end. */
export type ModelTold =
  | { readonly kind: 'compute'; readonly call: number; readonly pixels: Uint8Array; readonly count: number }
  | { readonly kind: 'end' };

const port = parentPort as MessagePort;
const say = (said: ModelSaid) => port.postMessage(said);
const progress = saidProgress((said) => say({ kind: 'progress', said }));

async function open(opening: Opening): Promise<OpenedModel> {
  const place = exportPlace(resolve(opening.folder, opening.argument));
  if (place !== null) return (await import('./open-export.js')).openExportServed(opening, place);
  return (await import('./open-run.js')).openRunServed(opening, progress);
}

try {
  const { opening } = workerData as { opening: Opening };
  const opened = await open(opening);
  const gallery = opening.gallery === null ? null : await opened.gallery(opening.gallery, progress);
  port.on('message', (told: ModelTold) => {
    if (told.kind === 'end') return port.close();
    const { call, pixels, count } = told;
    opened.compute(pixels, count).then(
      (rows) => say({ kind: 'computed', call, ...rows }),
      (error: unknown) => say({ kind: 'failed', error: String(error), call }),
    );
  });
  say({ kind: 'opened', model: opened.model, sizes: opened.sizes, gallery });
} catch (error) {
  if (error instanceof UserError) say({ kind: 'refused', faults: error.faults });
  else say({ kind: 'failed', error: (error as Error).stack ?? String(error), call: null });
  port.close();
}
