// What runs in the thread that `ft` works in: the command line, with a terminal that another thread keeps.
import process from 'node:process';
import { workerData } from 'node:worker_threads';
import * as tsx from 'tsx/esm/api';

tsx.register();
const [{ main }, { threadIo }] = await Promise.all([import('./main.ts'), import('./thread-io.ts')]);
const code = await main(process.argv.slice(2), threadIo(workerData));
workerData.port.postMessage({ kind: 'end', code });
