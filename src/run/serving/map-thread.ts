/** Lays one map out and ends: UMAP takes seconds of a core. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { layOut } from '../../report/layout.js';

const { vectors, dimensions } = workerData as { vectors: Float32Array; dimensions: number };
const rows = Array.from({ length: vectors.length / dimensions }, (_, at) => at);
const layout = layOut({ row: 'gallery', dimensions, unit: vectors }, rows, 0);
(parentPort as MessagePort).postMessage((layout?.umap ?? layout?.pca)?.points ?? null);
