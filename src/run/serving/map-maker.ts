import { Worker } from 'node:worker_threads';
import { imagesOfMap } from '../../report/layout.js';
import type { MapMaker } from '../../serve/map.js';

type Points = readonly (readonly [number, number])[] | null;

/** The map of a report (UMAP, or principal components of few images), laid out in a thread of its own. */
export const mapMaker: MapMaker = {
  choose(classes, limit) {
    const names = [...new Set(classes.map((name) => name ?? ''))];
    const numbers = new Map(names.map((name, number) => [name, number]));
    const labels = Int32Array.from(classes, (name) => numbers.get(name ?? '') as number);
    return imagesOfMap({ labels, classes: names }, limit, 0);
  },
  layOut: (vectors, dimensions) =>
    new Promise<Points>((resolve, reject) => {
      const worker = new Worker(new URL('thread.mjs', import.meta.url), {
        workerData: { module: './map-thread.ts', vectors, dimensions },
      });
      // The server does not wait for a map at its end.
      worker.unref();
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread of the map ended (${code})`)));
    }),
};
