#!/usr/bin/env node
// The launcher: plain JavaScript, so that an old Node or a missing set-up is told in words. Everything else is TypeScript.
import { MessageChannel, SHARE_ENV, Worker } from 'node:worker_threads';

/** Says what is wrong and what to do, and ends with the exit code for what a person can mend. */
function refuse(what, mend) {
  process.stderr.write(`ft: ${what}\n  do this:  ${mend}\n`);
  process.exit(2);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  refuse(`Node ${process.versions.node} is too old`, 'install Node 20.9 or newer, then: make setup');
}

// `ft plan | head` closes the pipe before we are done writing: that is no fault.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const tsx = await import('tsx/esm/api').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  return refuse('its packages are not installed here', 'make setup');
});

/** The verbs whose steps block their thread, for seconds in large networks. The others answer sooner without a second thread. */
const BLOCKING = new Set(['data', 'train', 'find-lr', 'evaluate', 'embed', 'search', 'verify', 'export', 'weights']);
const argv = process.argv.slice(2);
const asksHelp = argv.includes('--help') || argv.includes('-h');

if (!asksHelp && BLOCKING.has(argv.find((argument) => !argument.startsWith('-')))) {
  // This thread keeps the terminal alive. The other one is started first: it has more to load.
  const { port1: port, port2 } = new MessageChannel();
  const seen = ({ isTTY, columns }) => ({ isTTY, columns });
  const thread = new Worker(new URL('thread.mjs', import.meta.url), {
    argv,
    env: SHARE_ENV, // TensorFlow reads its settings from the process
    workerData: { port: port2, stdout: seen(process.stdout), stderr: seen(process.stderr), folder: process.cwd() },
    transferList: [port2],
  });
  tsx.register();
  const { keepTerminal } = await import('./thread-terminal.ts');
  process.exitCode = await keepTerminal(thread, port);
} else {
  tsx.register();
  const { main } = await import('./main.ts');
  process.exitCode = await main(argv);
}
