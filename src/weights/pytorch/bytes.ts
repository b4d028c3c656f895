import { type Fault, UserError } from '../../errors.js';
import { type ByteSource, takeBytes } from '../byte-source.js';

/** Ends the reading of a file with what is wrong and at which byte. */
export type Refuse = (what: string, more?: Omit<Fault, 'what' | 'where'>) => never;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a file says, as an error shows it: short, and without control characters that a terminal would obey. */
export function shown(value: unknown): string {
  if (typeof value === 'object') return value === null ? 'None' : 'an object';
  const text = typeof value === 'string' ? value : String(value);
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return typeof value === 'string' ? `'${JSON.stringify(cut).slice(1, -1)}'` : cut;
}

/** Bytes that are read at once where a pickle takes one at a time. */
const WINDOW = 1 << 16;

/** A cursor over the bytes of a file; reading past the end is a UserError that says where. */
export class Bytes {
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(
    readonly source: ByteSource,
    readonly where: string,
    public position = 0,
  ) {}

  get left(): number {
    return this.source.size - this.position;
  }

  /** Throws, naming the file and the byte. */
  readonly refuse: Refuse = (what, more = {}) => {
    throw new UserError({ where: `${this.where}, byte ${this.position}`, what, ...more });
  };

  /** The next `count` bytes. */
  take(count: number, what: string): Buffer {
    const from = this.skip(count, what);
    const at = from - this.#windowAt;
    if (at >= 0 && at + count <= this.#window.length) return this.#window.subarray(at, at + count);
    this.#window = takeBytes(this.source, from, Math.min(Math.max(count, WINDOW), this.source.size - from));
    this.#windowAt = from;
    return this.#window.subarray(0, count);
  }

  /** Passes over `count` bytes unread, and says where they begin. */
  skip(count: number, what: string): number {
    if (!Number.isSafeInteger(count) || count < 0 || count > this.left) {
      this.refuse(`the file ends within ${what}`, {
        expected: `${count} more bytes`,
        found: `${this.left}`,
        mend: 'fetch the file again',
      });
    }
    this.position += count;
    return this.position - count;
  }

  byte(what: string): number {
    return this.take(1, what)[0] as number;
  }

  /** Eight bytes as an unsigned number; one beyond 2⁵³ cannot be a count of anything in the file. */
  count(what: string): number {
    const value = this.take(8, what).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.refuse(`${what} is ${value}, more than any file holds`);
    return Number(value);
  }

  /** Up to the next line feed, which is taken but not given. */
  line(what: string): string {
    const start = this.position;
    // Looked for where the cursor stands, window by window.
    for (let seen = 0; ; seen += WINDOW) {
      this.position = start;
      const part = this.take(Math.min(seen + WINDOW, this.left), what);
      const end = part.indexOf(0x0a, seen);
      this.position = start;
      if (end < 0 && part.length < seen + WINDOW) this.skip(this.left + 1, what);
      if (end < 0) continue;
      this.position += end + 1;
      return this.#decode(part.subarray(0, end), what);
    }
  }

  text(count: number, what: string): string {
    return this.#decode(this.take(count, what), what);
  }

  #decode(bytes: Buffer, what: string): string {
    try {
      return strict.decode(bytes);
    } catch {
      return this.refuse(`${what} is not UTF-8`);
    }
  }
}
