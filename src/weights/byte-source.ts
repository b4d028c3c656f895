/** Bytes that are read where they are wanted, so that a file of weights never lies in memory beside the numbers that come of it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Fault, UserError } from '../errors.js';

/** Node reads no more than 2³¹ − 1 bytes at once. */
const AT_ONCE = 2 ** 30;

export interface ByteSource {
  readonly size: number;
  /** Fills `target` with the bytes from `from` on, which must all lie within the source. */
  readonly fill: (target: Uint8Array, from: number) => void;
}

/** Bytes that are in memory already. */
export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, fill: (target, from) => target.set(bytes.subarray(from, from + target.length)) };
}

/**
 * A file that is there, opened anew for each reading: nothing is left open however much is never asked for.
 * @throws UserError where it cannot be opened; later where it has changed its size meanwhile
 */
export function bytesOfFile(path: string, where = path): ByteSource {
  const refuse = (more: Omit<Fault, 'where'>): never => {
    throw new UserError({ where, mend: 'fetch it again', ...more });
  };
  const opened = <T>(use: (file: number, size: number) => T): T => {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return refuse({ what: code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})` });
    }
    try {
      return use(file, fstatSync(file).size);
    } finally {
      closeSync(file);
    }
  };
  const size = opened((_, found) => found);
  const fill = (target: Uint8Array, from: number): void =>
    opened((file, found) => {
      if (found !== size) refuse({ what: 'the file changed while it was read', expected: `${size} bytes`, found: `${found}` });
      const read = readInto(target, file, from);
      if (read < target.length) refuse({ what: 'the file ends while it is read', found: `${from + read} bytes` });
    });
  return { size, fill };
}

/** Fills `target` with the bytes of an open file from `from` on, however many. @returns how many there were */
export function readInto(target: Uint8Array, file: number, from: number): number {
  for (let at = 0; at < target.length; ) {
    const read = readSync(file, target, at, Math.min(AT_ONCE, target.length - at), from + at);
    if (read === 0) return at;
    at += read;
  }
  return target.length;
}

/** Sources one after the other, as one. */
export function joinedBytes(parts: readonly ByteSource[]): ByteSource {
  const fill = (target: Uint8Array, from: number): void => {
    let start = 0;
    for (const part of parts) {
      const [low, high] = [Math.max(from, start), Math.min(from + target.length, start + part.size)];
      if (low < high) part.fill(target.subarray(low - from, high - from), low - start);
      start += part.size;
    }
  };
  return { size: parts.reduce((sum, part) => sum + part.size, 0), fill };
}

/** Memory for numbers that are wanted for a moment, the same again and again: fresh memory costs more than what is read into it. */
export class Scratch {
  #memory = new ArrayBuffer(0);

  bytes(length: number): Buffer {
    if (this.#memory.byteLength < length) this.#memory = new ArrayBuffer(Math.max(length, 2 * this.#memory.byteLength));
    return Buffer.from(this.#memory, 0, length);
  }
}

/** Some of the bytes of a source, in memory that begins at a multiple of eight: of their own, or in scratch memory. */
export function takeBytes(source: ByteSource, from: number, length: number, scratch?: Scratch): Buffer {
  const bytes = scratch?.bytes(length) ?? Buffer.from(new ArrayBuffer(length));
  source.fill(bytes, from);
  return bytes;
}
