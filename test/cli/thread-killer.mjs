// Given to a process by `node --import`: SIGUSR2 ends the last of its threads, as running out of memory in it would.
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import threads from 'node:worker_threads';

let last;
if (threads.isMainThread) {
  threads.Worker = class extends threads.Worker {
    constructor(...args) {
      super(...args);
      last = this;
    }
  };
  syncBuiltinESMExports();
  process.on('SIGUSR2', () => last?.terminate());
}
