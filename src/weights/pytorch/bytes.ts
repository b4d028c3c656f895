import { type Fault, UserError } from '../../errors.js';

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

/** A cursor over the bytes of a file; reading past the end is a UserError that says where. */
export class Bytes {
  readonly #data: Buffer;

  constructor(
    data: Uint8Array,
    readonly where: string,
    public position = 0,
  ) {
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }

  get left(): number {
    return this.#data.length - this.position;
  }

  /** Throws, naming the file and the byte. */
  readonly refuse: Refuse = (what, more = {}) => {
    throw new UserError({ where: `${this.where}, byte ${this.position}`, what, ...more });
  };

  /** A view of the next `count` bytes; nothing is copied. */
  take(count: number, what: string): Buffer {
    if (!Number.isSafeInteger(count) || count < 0 || count > this.left) {
      this.refuse(`the file ends within ${what}`, {
        expected: `${count} more bytes`,
        found: `${this.left}`,
        mend: 'fetch the file again',
      });
    }
    this.position += count;
    return this.#data.subarray(this.position - count, this.position);
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
    const end = this.#data.indexOf(0x0a, this.position);
    const text = this.take(end < 0 ? this.left + 1 : end - this.position, what);
    this.position += 1;
    return this.#decode(text, what);
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
