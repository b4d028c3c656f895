import { describe, expect, it } from 'vitest';
import { batchOf, type Clock, createBatcher } from '../../src/serve/batcher.js';
import type { Refusal } from '../../src/serve/refusal.js';

/** A clock that stands until it is moved. */
function handClock(): Clock & { move(milliseconds: number): void } {
  let now = 0;
  let alarms: { at: number; then: () => void }[] = [];
  return {
    now: () => now,
    after(milliseconds, then) {
      const alarm = { at: now + milliseconds, then };
      alarms.push(alarm);
      return () => {
        alarms = alarms.filter((one) => one !== alarm);
      };
    },
    move(milliseconds) {
      now += milliseconds;
      const due = alarms.filter(({ at }) => at <= now);
      alarms = alarms.filter(({ at }) => at > now);
      for (const { then } of due) then();
    },
  };
}

/** A model that ends a batch when it is told to; ten times the item is its result. */
function handModel() {
  const batches: number[][] = [];
  let end: ((error?: Error) => void) | undefined;
  return {
    batches,
    compute: (items: readonly number[]) =>
      new Promise<number[]>((resolve, reject) => {
        batches.push([...items]);
        end = (error) => (error === undefined ? resolve(items.map((item) => 10 * item)) : reject(error));
      }),
    async finish(error?: Error) {
      end?.(error);
      await settled();
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function made({ largest = 4, capacity = 100, time = 1000 } = {}) {
  const clock = handClock();
  const model = handModel();
  const told: [number, number][] = [];
  const batcher = createBatcher({
    ...{ compute: model.compute, largest, capacity, sizes: null, clock },
    onBatch: (items, milliseconds) => told.push([items, milliseconds]),
  });
  const ask = (...items: number[]) => batcher.enter(items.length, clock.now() + time).answer(items);
  return { clock, model, batcher, ask, told };
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as Refusal,
  );

describe('the batcher', () => {
  it('computes at once what comes while nothing is computed, and together what came meanwhile', async () => {
    const { model, ask, told, clock } = made();
    const answers = [ask(1), ask(2), ask(3), ask(4, 5), ask(6)];
    expect(model.batches).toEqual([[1]]);
    clock.move(7);
    await model.finish();
    expect(model.batches).toEqual([[1], [2, 3, 4, 5]]);
    clock.move(9);
    await model.finish();
    expect(model.batches).toEqual([[1], [2, 3, 4, 5], [6]]);
    await model.finish();
    expect(await Promise.all(answers)).toEqual([[10], [20], [30], [40, 50], [60]]);
    expect(told).toEqual([
      [1, 7],
      [4, 9],
      [1, 0],
    ]);
  });

  it('spreads a request that is larger than a batch over several, and answers it once', async () => {
    const { model, ask } = made({ largest: 2 });
    const answer = ask(1, 2, 3, 4, 5);
    for (let batch = 0; batch < 3; batch++) await model.finish();
    expect(model.batches).toEqual([[1, 2], [3, 4], [5]]);
    expect(await answer).toEqual([10, 20, 30, 40, 50]);
  });

  it('refuses what has no place, with the time after which there may be one', async () => {
    const { model, batcher, ask, clock } = made({ capacity: 3, time: 60_000 });
    const first = ask(1);
    clock.move(4000);
    await model.finish();
    expect(await first).toEqual([10]);
    const held = [ask(2), ask(3, 4)];
    expect([batcher.inside, batcher.waiting]).toEqual([3, 2]);
    let refused: Refusal | undefined;
    try {
      batcher.enter(1, 99);
    } catch (error) {
      refused = error as Refusal;
    }
    // Four seconds an item, three inside.
    expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': '12' } });
    await model.finish();
    await model.finish();
    await Promise.all(held);
    expect([batcher.inside, batcher.waiting]).toEqual([0, 0]);
    batcher.enter(3, 99).free();
    expect(batcher.inside).toBe(0);
  });

  it('drops what waits when its time is over, and what is being computed answers nobody', async () => {
    const { model, ask, clock, batcher } = made();
    const late = [refusal(ask(1)), refusal(ask(2))];
    clock.move(999);
    const inTime = ask(3);
    clock.move(1);
    expect((await Promise.all(late)).map((error) => error?.status)).toEqual([504, 504]);
    expect(batcher.inside).toBe(1);
    await model.finish();
    expect(model.batches).toEqual([[1], [3]]);
    await model.finish();
    expect(await inTime).toEqual([30]);
  });

  it('drops what nobody waits for any more', async () => {
    const { model, ask, batcher, clock } = made();
    const first = ask(1);
    const gone = batcher.enter(2, clock.now() + 1000);
    const unheard = gone.answer([2, 3]);
    unheard.catch(() => undefined);
    gone.free();
    gone.free();
    expect([batcher.waiting, batcher.inside]).toEqual([0, 1]);
    expect((await refusal(gone.answer([2, 3])))?.status).toBe(504);
    await model.finish();
    expect(await first).toEqual([10]);
    expect(model.batches).toEqual([[1]]);
  });

  it('tells each request of a batch that failed, and goes on', async () => {
    const { model, ask } = made();
    const first = ask(1);
    const failing = [refusal(ask(2)), refusal(ask(3))];
    await model.finish();
    const after = ask(4);
    await model.finish(new Error('out of memory'));
    expect(await first).toEqual([10]);
    expect((await Promise.all(failing)).map((error) => error?.message)).toEqual(['out of memory', 'out of memory']);
    await model.finish();
    expect(await after).toEqual([40]);
  });

  it('fills a batch up to the next size only where at least three quarters of it are wanted', () => {
    const sizes = [1, 2, 4, 8, 16];
    const chosen = Array.from({ length: 20 }, (_, at) => batchOf(at + 1, 16, sizes));
    expect(chosen).toEqual([1, 2, 3, 4, 4, 6, 7, 8, 8, 8, 8, 12, 13, 14, 15, 16, 16, 16, 16, 16]);
    expect(batchOf(20, 12, null)).toBe(12);
    expect(batchOf(5, 12, null)).toBe(5);
    // Whatever the sizes: something goes, and never more than waits.
    for (let waiting = 1; waiting < 50; waiting++)
      for (const some of [[1], [3, 7], [5, 48]]) {
        const taken = batchOf(waiting, some.at(-1) as number, some);
        expect(taken).toBeGreaterThan(0);
        expect(taken).toBeLessThanOrEqual(waiting);
      }
  });
});
