import process from 'node:process';
import type { Progress } from '../progress.js';

/** Whether Ctrl-C was pressed. */
export interface Interrupt {
  readonly asked: () => boolean;
  readonly off: () => void;
}

/**
 * Listens for Ctrl-C (and a request to end), says `message` once and lets the work stop where it is in order. The second one ends
 * the process by the signal itself, as it would without us: `process.exit` waits for every thread, so for a step that another
 * thread is in.
 * @param presses - one number that counts them; another thread may look at it
 */
export function onInterrupt(
  message: string,
  progress: Progress,
  presses: Int32Array = new Int32Array(new SharedArrayBuffer(4)),
): Interrupt {
  const press = (signal: NodeJS.Signals) => {
    if (Atomics.add(presses, 0, 1) === 0) progress.line(message);
    else {
      off();
      process.kill(process.pid, signal);
    }
  };
  const off = () => {
    process.off('SIGINT', press);
    process.off('SIGTERM', press);
  };
  process.on('SIGINT', press);
  process.on('SIGTERM', press);
  return { asked: () => Atomics.load(presses, 0) > 0, off };
}
