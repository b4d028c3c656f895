// A thread that reads the file it is given and says the names of its tensors.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const tsx = createRequire(import.meta.url)('tsx/cjs/api');
const { readKerasFile } = tsx.require('../../src/weights/keras/file.ts', import.meta.url);
const { tensors } = await readKerasFile(workerData, 'file');
parentPort.postMessage([...tensors.keys()]);
