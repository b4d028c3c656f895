/** What runs in each worker thread: batches from the store that `workerData` names. */
import { workerData } from 'node:worker_threads';
import { move } from 'piscina';
import { type BatchOptions, type BatchPlan, tryBatch } from './batch.js';
import { openPixels } from './pixels.js';

const { storePath, options } = workerData as { storePath: string; options: BatchOptions };
const store = openPixels(storePath);

/** Pixels are handed over, not copied. */
export default function work(plan: BatchPlan): unknown {
  const result = tryBatch(store, options, plan);
  return ArrayBuffer.isView(result) ? move(result) : result;
}
