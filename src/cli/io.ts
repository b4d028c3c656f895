import process from 'node:process';

/** A stream that a person or a pipe reads. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a verb may touch besides the work itself; tests give their own. */
export interface Io {
  /** What was asked for: tables, JSON, names. */
  readonly stdout: TextStream;
  /** Progress and faults. */
  readonly stderr: TextStream;
  /** The folder that relative paths start from. */
  readonly folder: string;
}

export function processIo(): Io {
  return { stdout: process.stdout, stderr: process.stderr, folder: process.cwd() };
}
