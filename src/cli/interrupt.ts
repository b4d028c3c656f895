import process from 'node:process';
import type { Progress } from '../progress.js';

/** Whether Ctrl-C was pressed. The second one leaves at once. */
export interface Interrupt {
  readonly asked: () => boolean;
  readonly off: () => void;
}

/** Listens for Ctrl-C (and a request to end), says `message` once and lets the work stop where it is in order. */
export function onInterrupt(message: string, progress: Progress): Interrupt {
  let presses = 0;
  const press = () => {
    presses++;
    if (presses > 1) process.exit(130);
    progress.line(message);
  };
  process.on('SIGINT', press);
  process.on('SIGTERM', press);
  return {
    asked: () => presses > 0,
    off() {
      process.off('SIGINT', press);
      process.off('SIGTERM', press);
    },
  };
}
