import type { RandomStream } from './random.js';

/**
 * Things with whole-number weights of which one is drawn in proportion to its weight, over all or a range of them, and whose
 * weights change: a Fenwick tree, O(log n) for each call.
 */
export class WeightedDraw {
  private readonly tree: Int32Array;
  private readonly weights: Int32Array;
  private readonly highest: number;

  constructor(weights: Int32Array) {
    const n = weights.length;
    this.weights = weights.slice();
    this.tree = new Int32Array(n + 1);
    this.tree.set(weights, 1);
    for (let i = 1; i <= n; i++) {
      const up = i + (i & -i);
      if (up <= n) this.tree[up] = (this.tree[up] as number) + (this.tree[i] as number);
    }
    this.highest = n === 0 ? 0 : 2 ** Math.floor(Math.log2(n));
  }

  weight(item: number): number {
    return this.weights[item] as number;
  }

  set(item: number, weight: number): void {
    const change = weight - this.weight(item);
    this.weights[item] = weight;
    for (let i = item + 1; i < this.tree.length; i += i & -i) this.tree[i] = (this.tree[i] as number) + change;
  }

  /** Sum of the weights of items from `from` up to, not including, `to`. */
  total(from = 0, to = this.weights.length): number {
    return this.before(to) - this.before(from);
  }

  /** One of the items of the range; their weights may not all be 0. */
  draw(stream: RandomStream, from = 0, to = this.weights.length): number {
    let rest = stream.below(this.total(from, to)) + this.before(from);
    let at = 0;
    for (let step = this.highest; step > 0; step >>= 1) {
      const next = at + step;
      if (next < this.tree.length && (this.tree[next] as number) <= rest) {
        at = next;
        rest -= this.tree[next] as number;
      }
    }
    return at;
  }

  private before(item: number): number {
    let sum = 0;
    for (let i = item; i > 0; i -= i & -i) sum += this.tree[i] as number;
    return sum;
  }
}
