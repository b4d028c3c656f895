/** How well two partitions of the same items agree, from 0 (no more than chance) to 1 (the same up to names). */
export interface Agreement {
  /** Normalised mutual information, 2·I(U;V) / (H(U) + H(V)): `sklearn.metrics.normalized_mutual_info_score`. */
  readonly nmi: number;
  /**
   * Adjusted mutual information, (I − E[I]) / ((H(U) + H(V)) / 2 − E[I]): `sklearn.metrics.adjusted_mutual_info_score`. NMI rises
   * with the number of clusters though nothing is found; this does not. It can be a little below 0.
   * Source: Vinh, Epps & Bailey 2010, "Information theoretic measures for clusterings comparison", JMLR 11.
   */
  readonly ami: number;
}

/**
 * NMI and AMI of two labellings, with the arithmetic mean of the entropies, in double precision.
 * O(items + clusters_u · clusters_v · the smaller cluster).
 *
 * @param truth any integers
 * @param found any integers, as many
 */
export function agreement(truth: ArrayLike<number>, found: ArrayLike<number>): Agreement {
  const items = truth.length;
  if (items !== found.length || items === 0)
    throw new RangeError(`${items} labels and ${found.length}: as many, and at least one`);
  const [u, v] = [partition(truth), partition(found)];
  // Two partitions with nothing to tell agree.
  if (u.sizes.length === 1 && v.sizes.length === 1) return { nmi: 1, ami: 1 };
  const information = mutualInformation(u, v, items);
  const mean = (entropy(u.sizes, items) + entropy(v.sizes, items)) / 2;
  const expected = expectedInformation(u.sizes, v.sizes, items);
  const room = mean - expected;
  const ami = (information - expected) / (room < 0 ? Math.min(room, -Number.EPSILON) : Math.max(room, Number.EPSILON));
  return { nmi: information <= Number.EPSILON ? 0 : information / Math.max(mean, Number.EPSILON), ami };
}

interface Partition {
  /** The part of each item, from 0. */
  readonly part: Int32Array;
  readonly sizes: readonly number[];
}

function partition(labels: ArrayLike<number>): Partition {
  const numbers = new Map<number, number>();
  const sizes: number[] = [];
  const part = Int32Array.from(labels, (label) => {
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    sizes[number] = (sizes[number] ?? 0) + 1;
    return number;
  });
  return { part, sizes };
}

function entropy(sizes: readonly number[], items: number): number {
  return sizes.reduce((sum, size) => sum - (size / items) * Math.log(size / items), 0);
}

/** Σ n_ij/n · log(n·n_ij / (a_i·b_j)). */
function mutualInformation(u: Partition, v: Partition, items: number): number {
  const together = new Map<number, number>();
  const columns = v.sizes.length;
  u.part.forEach((row, item) => {
    const key = row * columns + (v.part[item] as number);
    together.set(key, (together.get(key) ?? 0) + 1);
  });
  let sum = 0;
  for (const [key, count] of together) {
    const product = (u.sizes[Math.floor(key / columns)] as number) * (v.sizes[key % columns] as number);
    sum += (count / items) * (Math.log(count / items) - Math.log(product / (items * items)));
  }
  return Math.max(0, sum);
}

/** The mean of the mutual information of two random partitions with these sizes: Vinh et al. 2010, eq. 24a. */
function expectedInformation(a: readonly number[], b: readonly number[], items: number): number {
  const logFactorial = new Float64Array(items + 1);
  for (let i = 2; i <= items; i++) logFactorial[i] = (logFactorial[i - 1] as number) + Math.log(i);
  const log = (i: number) => logFactorial[i] as number;
  // Parts of one size give the same terms, and there are few sizes.
  const [as, bs] = [countSizes(a), countSizes(b)];
  let sum = 0;
  for (const [x, timesX] of as) {
    for (const [y, timesY] of bs) {
      const fixed = log(x) + log(y) + log(items - x) + log(items - y) - log(items);
      let terms = 0;
      for (let n = Math.max(1, x + y - items); n <= Math.min(x, y); n++) {
        const chance = Math.exp(fixed - log(n) - log(x - n) - log(y - n) - log(items - x - y + n));
        terms += (n / items) * Math.log((items * n) / (x * y)) * chance;
      }
      sum += timesX * timesY * terms;
    }
  }
  return sum;
}

function countSizes(sizes: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const size of sizes) counts.set(size, (counts.get(size) ?? 0) + 1);
  return counts;
}
