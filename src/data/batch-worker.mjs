/**
 * What runs in each worker thread. Plain JavaScript that loads the TypeScript beside it through tsx's `require`: that is
 * synchronous, inside the thread. tsx's hooks for `import` answer from another thread, and a worker that is ended while it
 * waits for them dies of an "unknown file extension" instead.
 */
import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import { move } from 'piscina';

const tsx = createRequire(import.meta.url)('tsx/cjs/api');
const { tryBatch } = tsx.require('./batch.ts', import.meta.url);
const { openPixels } = tsx.require('./pixels.ts', import.meta.url);

/** @type {import('./pixels.js').PixelStore | undefined} */
let store;

/**
 * Makes one batch. Its pixels are handed over, not copied.
 * @param {import('./batch.js').BatchPlan} plan
 */
export default function work(plan) {
  store ??= openPixels(workerData.storePath);
  const result = tryBatch(store, workerData.options, plan);
  return ArrayBuffer.isView(result) ? move(result) : result;
}
