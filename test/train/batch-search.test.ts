/** The search for the images a call, on a machine whose times are made up. */
import { describe, expect, it } from 'vitest';
import { BatchSearch } from '../../src/train/batch-search.js';

/** Works through `images` where an image takes `each(size)` milliseconds, the first call of a size 800 more; the sizes of the calls. */
function work(images: number, each: (size: number) => number, largest = 1024): number[] {
  const search = new BatchSearch(largest);
  const calls: number[] = [];
  for (let left = images; left > 0; ) {
    const { size } = search;
    calls.push(size);
    left = Math.max(0, left - size);
    const opening = calls.indexOf(size) === calls.length - 1 ? 800 : 0;
    search.took(opening + each(size) * size, left);
  }
  return calls;
}
/** The sizes in the order in which they were first used, and the one that the work ended with. */
const tried = (calls: readonly number[]) => [...new Set(calls)];
const ended = (calls: readonly number[]) => calls.at(-1);

describe('the search for the images a call', () => {
  it('doubles them for as long as that is faster, then keeps the fastest', () => {
    const calls = work(100_000, (size) => 4 + Math.abs(Math.log2(size / 256)));
    expect(tried(calls)).toEqual([64, 128, 256, 512]);
    expect(ended(calls)).toBe(256);
    for (const size of [64, 128, 512]) expect(calls.filter((one) => one === size)).toHaveLength(3);
  });

  it('halves them where more are slower at once', () => {
    const calls = work(100_000, (size) => 4 + Math.abs(Math.log2(size / 32)));
    expect(tried(calls)).toEqual([64, 128, 32, 16]);
    expect(ended(calls)).toBe(32);
  });

  it('stays where the others differ by less than noise', () => {
    const calls = work(100_000, (size) => (size === 64 ? 4 : 3.9));
    expect(tried(calls)).toEqual([64, 128, 32]);
    expect(ended(calls)).toBe(64);
  });

  it('does not go below 16', () => {
    const calls = work(100_000, (size) => size);
    expect(tried(calls)).toEqual([64, 128, 32, 16]);
    expect(ended(calls)).toBe(16);
  });

  it('tries nothing that the work left would not pay for', () => {
    // A tenth of 1,808 images at 4 ms is less than the 800 ms of opening another size, of 2,500 it is more.
    expect(tried(work(2_000, () => 4))).toEqual([64]);
    expect(tried(work(2_500, () => 4)).length).toBeGreaterThan(1);
  });

  it('goes by the fastest of the later calls: something else may take the processor in one', () => {
    const calls = new Map<number, number>();
    const disturbed = (size: number) => {
      calls.set(size, (calls.get(size) ?? 0) + 1);
      return 4 * size ** -0.2 + (calls.get(size) === 2 ? 3 : 0);
    };
    expect(ended(work(100_000, disturbed))).toBe(1024);
  });

  it('keeps to the largest size, also where that is below the first', () => {
    expect(tried(work(100_000, (size) => 100 / size, 200))).toEqual([64, 128]);
    expect(tried(work(100, () => 1, 5))).toEqual([5]);
  });
});
