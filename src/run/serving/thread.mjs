// What runs in the threads of `ft serve`: the module that it is told.
import { workerData } from 'node:worker_threads';
import * as tsx from 'tsx/esm/api';

tsx.register();
await import(workerData.module);
