/**
 * Maps items with at most `parallel` calls under way and yields the results in the items' order. At most `parallel` results
 * wait at any moment, so memory stays bounded however long the list is. The first failure ends it, after the calls that
 * are under way have come back.
 */
export async function* mapInOrder<T, R>(
  items: readonly T[],
  parallel: number,
  map: (item: T, index: number) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = [];
  let next = 0;
  const start = () => {
    const index = next++;
    const result = map(items[index] as T, index);
    result.catch(() => {}); // told when its turn comes
    pending.push(result);
  };
  try {
    while (next < items.length && pending.length < Math.max(1, parallel)) start();
    for (;;) {
      const first = pending.shift();
      if (first === undefined) return;
      const result = await first;
      if (next < items.length) start();
      yield result;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}
