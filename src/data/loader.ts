import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { type Progress, silent } from '../progress.js';
import { aspectsOf } from './aspects.js';
import type { Mix } from './augment-mix.js';
import { type BatchOptions, type BatchPlan, type BatchResult, mixOf, tryBatch } from './batch.js';
import { mapInOrder } from './parallel.js';
import { type DecodedDataset, repairPixels } from './pixel-cache.js';
import { openPixels } from './pixels.js';

/** One batch, ready to be fed. */
export interface Batch {
  /** images × side × side × 3 bytes, RGB, image after image. The caller's own: nothing writes to it again. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly indices: Int32Array;
  /** How its images were mixed, for the labels; absent where the options mix none. */
  readonly mix?: Mix;
}

export interface LoaderOptions extends Omit<BatchOptions, 'aspects'> {
  /** Threads that read and augment; 0: the caller's own thread; 'auto': half of the cores, 8 at most. The bytes are the same. */
  readonly workers?: number | 'auto';
  /** Batches made ahead of the one in use. */
  readonly prefetch?: number;
  readonly progress?: Progress;
}

/** Batches from a store of pixels, made ahead in other threads and handed out in the order of the plan. */
export interface Loader {
  /** Starts the threads, which the first batch does else: they are ready sooner. */
  begin(): void;
  batches(plan: Iterable<BatchPlan>): AsyncGenerator<Batch, void, undefined>;
  /** Ends the threads, also in the middle of an epoch. */
  close(): Promise<void>;
}

interface BatchSource {
  make(plan: BatchPlan): Promise<BatchResult>;
  close(): Promise<void>;
}

/**
 * A loader of the images of `decoded`. An image whose cached bytes are damaged is decoded again, and `progress` says so.
 */
export function createLoader(decoded: DecodedDataset, options: LoaderOptions): Loader {
  const { augment, seed, mix = null, workers = 'auto', progress = silent } = options;
  const threads = workers === 'auto' ? Math.min(8, Math.max(1, availableParallelism() >> 1)) : workers;
  const { storePath, dataset } = decoded;
  const ended = new AbortController();

  async function start(): Promise<BatchSource> {
    // A crop has to know the shape that an image had before it was stretched.
    const aspects = augment?.crop ? await aspectsOf(dataset, storePath, { progress, signal: ended.signal }) : null;
    const all = { augment, seed, mix, aspects };
    return threads === 0 ? inThisThread(storePath, all) : inWorkers(storePath, all, threads);
  }
  let started: Promise<BatchSource> | undefined;
  function source(): Promise<BatchSource> {
    if (started === undefined) {
      started = start();
      started.catch(() => {}); // told to whoever asks for a batch
    }
    return started;
  }

  async function load(plan: BatchPlan): Promise<Batch> {
    let repaired = -1;
    for (;;) {
      const result = await (await source()).make(plan);
      if (ArrayBuffer.isView(result)) return handedOut(result, plan);
      const { damaged } = result;
      if (damaged === repaired) throw new Error(`${decoded.storePath} does not keep what is written to it (image ${damaged})`);
      await repairPixels(decoded, damaged);
      repaired = damaged;
      progress.line(`the cached pixels of ${decoded.dataset.samples[damaged]?.file} were damaged: decoded again`);
    }
  }

  function handedOut(pixels: Uint8Array<ArrayBuffer>, plan: BatchPlan): Batch {
    const side = Math.sqrt(pixels.length / (3 * plan.indices.length));
    const drawn = mixOf({ augment, seed, mix }, plan, side);
    return { pixels, indices: plan.indices, ...(drawn === undefined ? {} : { mix: drawn }) };
  }

  return {
    begin: () => void source(),
    batches: (plan) => mapInOrder(plan, threads === 0 ? 1 : (options.prefetch ?? threads + 1), load),
    async close() {
      ended.abort();
      await (await started?.catch(() => undefined))?.close();
    },
  };
}

function inThisThread(storePath: string, options: BatchOptions): BatchSource {
  const store = openPixels(storePath);
  return {
    make: async (plan) => tryBatch(store, options, plan),
    close: async () => store.close(),
  };
}

function inWorkers(storePath: string, options: BatchOptions, threads: number): BatchSource {
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./batch-worker.mjs', import.meta.url)),
    execArgv: [], // the caller's own (a loader, a debugger's port) are not for the workers
    workerData: { storePath, options },
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  // A thread that dies outside a batch (out of memory, say) ends the loader: whoever waits for a batch is told why.
  let died: Error | undefined;
  pool.on('error', (error: Error) => {
    died ??= error;
    void pool.destroy();
  });
  return {
    async make(plan) {
      try {
        return (await pool.run(plan)) as BatchResult;
      } catch (error) {
        throw died ?? error;
      }
    },
    close: () => pool.destroy(),
  };
}
