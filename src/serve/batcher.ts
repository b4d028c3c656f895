/**
 * Computes together what came at about the same time. While nothing is computed, what comes is computed at once: nobody waits for
 * company. While something is, all that comes waits, and goes in one batch when that is done. So a batch is as large as the load.
 */
import { Refusal } from './refusal.js';

/** Time, as an argument. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls `then` once, after so many milliseconds; gives what takes it back. */
  after(milliseconds: number, then: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

export interface BatcherOptions<Item, Result> {
  /** Results in the order of the items. */
  readonly compute: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items a batch, at most. */
  readonly largest: number;
  /** Sizes that a batch costs no more than it holds, rising; null: any. See {@link batchOf}. */
  readonly sizes: readonly number[] | null;
  /** Items that are inside at one time, at most: being decoded, waiting, or being computed. */
  readonly capacity: number;
  readonly clock: Clock;
  /** Told of each batch. */
  readonly onBatch?: (items: number, milliseconds: number) => void;
}

/** Places in the queue, taken before there is anything to compute, so that a full server is told before images are decoded. */
export interface Places<Item, Result> {
  /**
   * Results of as many items as places were taken, which are free then.
   * @throws Refusal 504 where the time is over, or the places were given back
   */
  answer(items: readonly Item[]): Promise<readonly Result[]>;
  /** What is not computed yet is dropped. May be called again. */
  free(): void;
}

export interface Batcher<Item, Result> {
  /** @param until when the time of the request is over. @throws Refusal 503 where there are not so many places */
  enter(count: number, until: number): Places<Item, Result>;
  /** Items that wait for their batch. */
  readonly waiting: number;
  /** Places that are taken. */
  readonly inside: number;
}

interface Slot<Item, Result> {
  readonly item: Item;
  readonly owner: object;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

/** How much of a batch's size has to be items; a smaller batch is taken otherwise. */
const FILLED = 0.75;

/**
 * How many of those that wait go into the next batch. A batch costs what the next size costs, so it is filled up to that only where
 * at least three quarters of it are items; else the next smaller size goes full, and the rest goes with whoever comes meanwhile.
 */
export function batchOf(waiting: number, largest: number, sizes: readonly number[] | null): number {
  const most = Math.min(waiting, largest);
  if (sizes === null) return most;
  const above = sizes.find((size) => size >= most);
  if (above !== undefined && most >= FILLED * above) return most;
  return sizes.findLast((size) => size <= most) ?? most;
}

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { compute, largest, sizes, capacity, clock, onBatch } = options;
  let queue: Slot<Item, Result>[] = [];
  let busy = false;
  let inside = 0;
  /** Milliseconds an item, of the last batches. */
  let pace = 0;

  const next = async () => {
    if (busy) return;
    busy = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, batchOf(queue.length, largest, sizes));
      const began = clock.now();
      try {
        const results = await compute(batch.map(({ item }) => item));
        batch.forEach(({ done }, at) => done(results[at] as Result));
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
      const took = clock.now() - began;
      pace = pace === 0 ? took / batch.length : 0.8 * pace + (0.2 * took) / batch.length;
      onBatch?.(batch.length, took);
    }
    busy = false;
  };

  const full = () =>
    new Refusal(
      503,
      { what: 'the server is busy', expected: `at most ${capacity} images at a time`, mend: 'try again' },
      { 'Retry-After': String(Math.max(1, Math.ceil((inside * pace) / 1000))) },
    );

  return {
    get waiting() {
      return queue.length;
    },
    get inside() {
      return inside;
    },
    enter(count, until) {
      if (inside + count > capacity) throw full();
      inside += count;
      const owner = {};
      let left = false;
      const free = () => {
        if (left) return;
        left = true;
        inside -= count;
        queue = queue.filter((slot) => slot.owner !== owner);
      };
      const answer = (items: readonly Item[]) =>
        new Promise<readonly Result[]>((resolve, reject) => {
          if (left) return reject(tooLate());
          const results: Result[] = new Array(items.length);
          let missing = items.length;
          const over = (end: () => void) => {
            takeBack();
            free();
            end();
          };
          const takeBack = clock.after(Math.max(0, until - clock.now()), () => over(() => reject(tooLate())));
          items.forEach((item, at) => {
            const done = (result: Result) => {
              results[at] = result;
              if (--missing === 0) over(() => resolve(results));
            };
            queue.push({ item, owner, done, failed: (error) => over(() => reject(error)) });
          });
          if (items.length === 0) over(() => resolve(results));
          void next();
        });
      return { answer, free };
    },
  };
}

/** The refusal of a request whose time is over. */
export function tooLate(): Refusal {
  return new Refusal(504, { what: 'the time for this request is over', mend: 'try again, or send fewer images' });
}
