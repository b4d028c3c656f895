// A thread that opens a bar, is blocked for a second and a half, and says whether Ctrl-C was pressed meanwhile.
import { workerData } from 'node:worker_threads';
import * as tsx from 'tsx/esm/api';

tsx.register();
const { threadIo } = await import('../../src/cli/thread-io.ts');
const io = threadIo(workerData);
if (workerData.fails) throw new Error('a fault of the thread');
const interrupt = io.interrupt('stopping after this step');
const bar = io.progress.bar('training', 4, 'steps');
io.stderr.write('blocked\n');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
bar.advance(1, 'loss 1');
io.progress.line(`asked: ${interrupt.asked()}`);
interrupt.off();
bar.done('one step');
io.stdout.write(`${io.stdout.columns} columns in ${io.folder}\n`);
workerData.port.postMessage({ kind: 'end', code: 130 });
