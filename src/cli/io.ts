import process from 'node:process';
import type { Progress } from '../progress.js';
import { type Interrupt, onInterrupt } from './interrupt.js';
import { terminalProgress } from './progress.js';
import type { TextStream } from './text-stream.js';

/** What a verb may touch besides the work itself; tests give their own. */
export interface Io {
  /** What was asked for: tables, JSON, names. */
  readonly stdout: TextStream;
  /** Faults; progress is drawn on it too. */
  readonly stderr: TextStream;
  /** The folder that relative paths start from. */
  readonly folder: string;
  readonly progress: Progress;
  /** Listens for Ctrl-C until told to stop; at the first one says `message`, at the second the process ends. */
  readonly interrupt: (message: string, presses?: Int32Array) => Interrupt;
}

/** The io of these streams, with signals to this process. */
export function streamsIo(streams: Pick<Io, 'stdout' | 'stderr' | 'folder'>): Io {
  const progress = terminalProgress(streams.stderr);
  return { ...streams, progress, interrupt: (message, presses) => onInterrupt(message, progress, presses) };
}

export function processIo(): Io {
  return streamsIo({ stdout: process.stdout, stderr: process.stderr, folder: process.cwd() });
}
