import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { type Fault, UserError } from '../../errors.js';
import { shown } from '../pytorch/bytes.js';
import type { Range } from '../zip.js';

/** A numeric dataset of an HDF5 file: its path from the root, without a slash in front, and its values as float32. */
export interface Hdf5Dataset {
  readonly path: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What an HDF5 file of Keras holds, but for the state of an optimizer. */
export interface Hdf5Tree {
  /** By the path of a group (the root is ''), then by name; those alone that Keras gives a meaning. */
  readonly attributes: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  readonly tensors: readonly Hdf5Dataset[];
}

/** A path, the bytes of a file (which are then copied), or a part of a file. */
export type Source = string | Uint8Array | PartOfFile;

export interface PartOfFile extends Range {
  readonly path: string;
}

type Answer = { readonly tree: Hdf5Tree } | { readonly problem: string };

/** For starting the thread and the library; each megabyte has a fifth of a second besides. */
const PATIENCE_MS = 30_000;

/**
 * Reads an HDF5 file, in a thread of its own that touches no disk but to read the file: a broken one can
 * hold neither memory nor time of the process for long. float16, bfloat16 (as Keras marks it), float64 and integers become float32.
 * @param patience milliseconds before it is given up, but for those that its size needs
 * @throws UserError where there is no such file, it is no whole HDF5 file, or claims more data than it can hold
 */
export async function readHdf5(source: Source, where: string, patience = PATIENCE_MS): Promise<Hdf5Tree> {
  const refuse = (more: Omit<Fault, 'where'>): UserError =>
    new UserError({ where, mend: 'fetch or save the file again', ...more });
  const bytes = source instanceof Uint8Array ? new Uint8Array(source) : undefined;
  const { path, from, length: size } = source instanceof Uint8Array ? inMemory(source) : await partOf(source, where);
  const worker = new Worker(new URL('./hdf5-worker.mjs', import.meta.url), {
    workerData: { path, from, size, ...(bytes === undefined ? {} : { bytes }) },
    transferList: bytes === undefined ? [] : [bytes.buffer],
    // The thread takes no loader from the process, and what the library prints of a broken file is no one's to read.
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  const answer = await new Promise<Answer | undefined>((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), patience + size / 5_000);
    worker.once('message', resolve);
    worker.once('error', (error) => resolve({ problem: String(error) }));
    worker.once('exit', (code) => resolve({ problem: `the reader ended with code ${code}` }));
    worker.once('messageerror', reject);
    worker.once('exit', () => clearTimeout(timer));
  }).finally(() => worker.terminate());
  if (answer === undefined) throw refuse({ what: 'reading this HDF5 file does not come to an end' });
  if ('problem' in answer) throw refuse({ what: 'this is no whole HDF5 file', found: shown(answer.problem) });
  return answer.tree;
}

const inMemory = (bytes: Uint8Array): PartOfFile => ({ path: '', from: 0, length: bytes.length });

async function partOf(source: string | PartOfFile, where: string): Promise<PartOfFile> {
  if (typeof source !== 'string') return source;
  const found = await stat(source).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error)
    throw new UserError({ where, what: found.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${found.code})` });
  if (!found.isFile()) throw new UserError({ where, what: 'this is a folder, not a file' });
  return { path: source, from: 0, length: found.size };
}
