/** Images a call when features are computed, at first: on two cores no other number is faster by more than noise (docs/growth.md). */
export const FEATURE_BATCH = 64;
const LEAST_BATCH = 16;
/** Calls of each size. The first is not compared: its graph is written in it, and TensorFlow plans and fills its memory. */
const CALLS = 3;
/** What a size must save of the time of an image before another is left for it. */
const WORTH = 0.03;
/** What another size is hoped to save of the time that is left, where one asks whether it can pay for being opened. */
const HOPED = 0.1;

interface Tried {
  readonly size: number;
  /** Milliseconds an image. */
  readonly each: number;
}

/**
 * Looks for the images a call that take the least time each, while the work is done: nothing is computed that is not wanted. Sizes are
 * doubled for as long as that is faster, else halved for as long as that is. Another is tried only where what it may save of the
 * time left would pay for it, so that little work keeps the first size.
 */
export class BatchSearch {
  /** Images of the next call. */
  size: number;
  private readonly candidates: Generator<number, void, Tried>;
  private best: Tried | undefined;
  private done = false;
  /** Milliseconds an image, of the calls with `size`. */
  private calls: number[] = [];

  /** @param largest images a call at most, whatever they save */
  constructor(largest: number) {
    this.size = Math.min(FEATURE_BATCH, largest);
    this.candidates = sizesAround(this.size, largest);
    this.candidates.next();
  }

  /**
   * Tells what a call of `size` images took.
   * @param left images that are still to come
   */
  took(milliseconds: number, left: number): void {
    if (this.done) return;
    this.calls.push(milliseconds / this.size);
    if (this.calls.length < CALLS) return;
    const [first = 0, ...others] = this.calls;
    const tried = { size: this.size, each: Math.min(...others) };
    const opening = (first - tried.each) * this.size;
    this.calls = [];
    if (this.best === undefined || isFaster(tried, this.best)) this.best = tried;
    const next = this.candidates.next(tried);
    const pays = (size: number) => left * this.best!.each * HOPED > opening && left > CALLS * size;
    this.done = next.done === true || !pays(next.value);
    this.size = this.done ? this.best.size : (next.value as number);
  }
}

function isFaster(one: Tried, other: Tried): boolean {
  return one.each < (1 - WORTH) * other.each;
}

/** The sizes to try one after the other: upwards from the first, and where that is slower at once, downwards. */
function* sizesAround(first: number, largest: number): Generator<number, void, Tried> {
  const start = yield first;
  for (const factor of [2, 0.5]) {
    let best = start;
    for (let size = first * factor; size >= LEAST_BATCH && size <= largest; size *= factor) {
      const tried = yield size;
      if (!isFaster(tried, best)) break;
      best = tried;
    }
    if (best !== start) return;
  }
}
