/** Above so many steps the exact search gives way to the greedy one. */
const mostSteps = 20_000_000;

/**
 * Which of some sizes, as positions ascending, add up as near to `target` as any choice can; of two equally near sums the
 * smaller one. Among equal choices the earlier positions win, so a shuffled order gives a random choice. Above 20 million
 * steps (sizes × target) it is greedy: each size that still fits is taken, in order.
 * @param fewest take at least so many (0 or 1)
 * @param spare leave at least so many (0 or 1)
 */
export function nearestSubset(sizes: readonly number[], target: number, fewest: 0 | 1 = 0, spare: 0 | 1 = 0): number[] {
  if (sizes.length < fewest + spare) return [];
  const greedy = greedySubset(sizes, target);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const sum = greedy.reduce((all, position) => all + (sizes[position] as number), 0);
  const allowed = greedy.length >= fewest && greedy.length <= sizes.length - spare;
  const limit = Math.min(total, Math.ceil(target) + Math.max(...sizes, 0));
  if (allowed && (sum === target || sizes.length * limit > mostSteps)) return greedy;
  return exactSubset(sizes, target, limit, fewest === 1 ? 1 : 0, spare === 1 ? total - 1 : total);
}

function greedySubset(sizes: readonly number[], target: number): number[] {
  const taken: number[] = [];
  let left = target;
  sizes.forEach((size, position) => {
    if (size > left) return;
    taken.push(position);
    left -= size;
  });
  return taken;
}

/** `first[s]` is the first position with which the sum s can be made: going back along it names a choice. */
function exactSubset(sizes: readonly number[], target: number, limit: number, lowest: number, highest: number): number[] {
  const first = new Int32Array(limit + 1).fill(-1);
  const reachable = new Uint8Array(limit + 1);
  reachable[0] = 1;
  sizes.forEach((size, position) => {
    for (let sum = limit; sum >= size; sum--) {
      if (reachable[sum] === 1 || reachable[sum - size] === 0) continue;
      reachable[sum] = 1;
      first[sum] = position;
    }
  });
  let best = -1;
  for (let sum = lowest; sum <= Math.min(limit, highest); sum++) {
    if (reachable[sum] === 1 && (best < 0 || Math.abs(sum - target) < Math.abs(best - target))) best = sum;
  }
  const taken: number[] = [];
  for (let sum = best; sum > 0; sum -= sizes[taken.at(-1) as number] as number) taken.push(first[sum] as number);
  return taken.reverse();
}
