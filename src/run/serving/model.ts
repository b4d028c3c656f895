import { SHARE_ENV, Worker } from 'node:worker_threads';
import { type Fault, UserError } from '../../errors.js';
import { drawSaid, type Progress } from '../../progress.js';
import type { Computed, Engine, ServedModel } from '../../serve/model.js';
import { Refusal } from '../../serve/refusal.js';
import type { Gallery } from '../gallery.js';
import type { ModelSaid, ModelTold } from './model-thread.js';
import type { Opening } from './opened.js';

/** A model in a thread of its own. */
export interface ThreadModel {
  readonly model: ServedModel;
  readonly engine: Engine;
  readonly gallery: Gallery | null;
  /** Kept never, broken when the thread ends by itself. */
  readonly broken: Promise<never>;
}

interface Call {
  readonly count: number;
  readonly done: (computed: Computed[]) => void;
  readonly failed: (error: Error) => void;
}

/** Starts the thread and waits until the model can answer. @throws UserError as the thread does */
export async function startModel(opening: Opening, progress: Progress): Promise<ThreadModel> {
  const worker = new Worker(new URL('thread.mjs', import.meta.url), {
    env: SHARE_ENV, // TensorFlow reads its settings from the process
    workerData: { module: './model-thread.ts', opening },
  });
  const tell = (told: ModelTold, transfer: ArrayBuffer[] = []) => worker.postMessage(told, transfer);
  const calls = new Map<number, Call>();
  let last = 0;
  let ending = false;
  let alive = true;
  const draw = drawSaid(progress);
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const broken = new Promise<never>((_, reject) => {
    const fail = (error: Error) => {
      alive = false;
      for (const { failed } of calls.values()) failed(modelEnded());
      calls.clear();
      reject(error);
    };
    worker.once('error', fail);
    worker.once('exit', (code) => {
      if (!ending) fail(new Error(`the model's thread ended (${code})`));
    });
  });
  broken.catch(() => undefined);
  const opened = new Promise<Extract<ModelSaid, { kind: 'opened' }>>((resolve, reject) => {
    worker.on('message', (said: ModelSaid) => {
      switch (said.kind) {
        case 'progress':
          return draw(said.said);
        case 'opened':
          return resolve(said);
        case 'refused':
          return reject(new UserError(...(said.faults as [Fault, ...Fault[]])));
        case 'failed': {
          const error = new Error(said.error);
          if (said.call === null) return reject(error);
          calls.get(said.call)?.failed(error);
          return void calls.delete(said.call);
        }
        case 'computed': {
          const call = calls.get(said.call);
          calls.delete(said.call);
          return call?.done(rowsOf(said, call.count));
        }
      }
    });
  });
  const { model, sizes, gallery } = await Promise.race([opened, broken]).catch((error: unknown) => {
    ending = true;
    throw error;
  });
  const run = (images: readonly Uint8Array[]) =>
    new Promise<Computed[]>((done, failed) => {
      // What is told to a thread that is no more is never answered.
      if (!alive) return failed(modelEnded());
      const bytes = images[0]?.length ?? 0;
      const pixels = new Uint8Array(images.length * bytes);
      images.forEach((image, at) => pixels.set(image, at * bytes));
      calls.set(++last, { count: images.length, done, failed });
      tell({ kind: 'compute', call: last, pixels, count: images.length }, [pixels.buffer]);
    });
  const close = async () => {
    ending = true;
    tell({ kind: 'end' });
    await exited;
  };
  return { model, gallery, broken, engine: { sizes, run, alive: () => alive, close } };
}

/** What who waits is told when the thread ends under its images. Why it ended is told to whoever runs the server. */
function modelEnded(): Refusal {
  return new Refusal(
    503,
    { what: 'the model has ended, and the server ends with it', mend: 'try again when it was started anew' },
    { Connection: 'close', 'Retry-After': '10' },
  );
}

function rowsOf({ embeddings, probabilities }: Extract<ModelSaid, { kind: 'computed' }>, count: number): Computed[] {
  const row = (values: Float32Array, at: number) => {
    const length = values.length / count;
    return values.slice(at * length, (at + 1) * length);
  };
  return Array.from({ length: count }, (_, at) => ({
    embedding: row(embeddings, at),
    probabilities: probabilities === null ? null : row(probabilities, at),
  }));
}
