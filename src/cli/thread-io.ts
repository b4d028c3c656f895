/**
 * `ft` works in a thread of its own, for a step of training blocks the thread that it is called from, for seconds in large
 * networks. Here is what that thread says to the one that keeps the terminal: text, progress, and when to listen for Ctrl-C.
 * All of it goes one way and one path, so that it arrives in order.
 */
import type { MessagePort } from 'node:worker_threads';
import { type ProgressSaid, saidProgress } from '../progress.js';
import type { Io } from './io.js';
import type { TextStream } from './text-stream.js';

/** What the thread is started with. */
export interface Terminal {
  readonly port: MessagePort;
  readonly stdout: Omit<TextStream, 'write'>;
  readonly stderr: Omit<TextStream, 'write'>;
  readonly folder: string;
}

export type Said =
  | ProgressSaid
  | { readonly kind: 'out' | 'err'; readonly text: string }
  /** `presses` is shared: a press is seen at once, though the thread hears of nothing before its step is over. */
  | { readonly kind: 'listen'; readonly message: string; readonly presses: Int32Array }
  | { readonly kind: 'deaf' }
  | { readonly kind: 'end'; readonly code: number };

/** The io of a verb in its thread. */
export function threadIo({ port, stdout, stderr, folder }: Terminal): Io {
  const say = (said: Said) => port.postMessage(said);
  return {
    stdout: { ...stdout, write: (text) => say({ kind: 'out', text }) },
    stderr: { ...stderr, write: (text) => say({ kind: 'err', text }) },
    folder,
    progress: saidProgress(say),
    interrupt: (message) => {
      const presses = new Int32Array(new SharedArrayBuffer(4));
      say({ kind: 'listen', message, presses });
      return { asked: () => Atomics.load(presses, 0) > 0, off: () => say({ kind: 'deaf' }) };
    },
  };
}
