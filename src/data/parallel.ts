/**
 * Maps items with at most `parallel` calls under way and yields the results in the items' order. At most `parallel` results
 * wait at any moment, so memory stays bounded however long the list is. The first failure ends it, after the calls that
 * are under way have come back.
 */
export async function* mapInOrder<T, R>(
  items: Iterable<T>,
  parallel: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = [];
  const source = items[Symbol.iterator]();
  const start = () => {
    const item = source.next();
    if (item.done) return false;
    const result = map(item.value);
    result.catch(() => {}); // told when its turn comes
    pending.push(result);
    return true;
  };
  try {
    while (pending.length < Math.max(1, parallel) && start());
    for (;;) {
      const first = pending.shift();
      if (first === undefined) return;
      const result = await first;
      start();
      yield result;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}
