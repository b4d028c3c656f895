import type { Program } from '../runtime/program.js';

/** Reads the maps of some slots, or the bytes of some images, one after the other into `target`. */
export type ReadMaps<T extends Float32Array | Uint8Array = Float32Array> = (
  slots: readonly number[],
  target: T,
) => void | Promise<void>;

/**
 * Which maps of a cache, or which decoded images, lie in a table of a program, and in which of its rows: in the order in which they were
 * first wanted.
 */
export class MapRows<T extends Float32Array | Uint8Array = Float32Array> {
  private readonly rows = new Map<number, number>();

  /**
   * @param size numbers of a map
   * @param Numbers what the table takes
   */
  constructor(
    private readonly program: Program,
    private readonly table: string,
    private readonly size: number,
    private readonly Numbers: new (length: number) => T,
  ) {}

  /** The numbers of the rows that have the maps of some slots; those that are not there yet are read and put in, in one piece. */
  async of(slots: readonly number[], read: ReadMaps<T>): Promise<Int32Array> {
    const missing = [...new Set(slots)].filter((slot) => !this.rows.has(slot));
    if (missing.length > 0) {
      const maps = new this.Numbers(missing.length * this.size);
      await read(missing, maps);
      const first = this.rows.size;
      this.program.put(this.table, first, maps);
      missing.forEach((slot, at) => {
        this.rows.set(slot, first + at);
      });
    }
    return Int32Array.from(slots, (slot) => this.rows.get(slot) as number);
  }
}
