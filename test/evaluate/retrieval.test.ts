import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { cmc } from '../../src/evaluate/cmc.js';
import { type Metric, metrics } from '../../src/evaluate/metrics.js';
import { retrieve, summarise } from '../../src/evaluate/retrieval.js';
import { apart, golden as figures } from './golden.js';

interface Golden {
  dimensions: number;
  labels: number[];
  embeddings: number[];
  queries: ({ row: number } & Record<Exclude<Metric, 'mrr' | 'map'>, number>)[];
  pml: { precision_at_1: number; r_precision: number; mean_average_precision_at_r: number };
}
const golden = JSON.parse(readFileSync(new URL('../golden/retrieval.json', import.meta.url), 'utf8')) as Golden;

/** Every figure of one query by its definition: sort all others, walk the list. */
function byHand(similarity: (item: number) => number, labels: Int32Array, query: number): Record<Metric, number> {
  const order = [...labels.keys()].filter((item) => item !== query).sort((a, b) => similarity(b) - similarity(a) || a - b);
  const right = order.map((item) => labels[item] === labels[query]);
  const count = (until: number) => right.slice(0, until).filter(Boolean).length;
  const R = count(right.length);
  let [precision, all] = [0, 0];
  right.forEach((is, at) => {
    if (!is) return;
    all += count(at + 1) / (at + 1);
    if (at < R) precision += count(at + 1) / (at + 1);
  });
  const mrr = 1 / (right.indexOf(true) + 1);
  const recall = (k: number) => (count(k) > 0 ? 1 : 0);
  const [recall_at_1, recall_at_5, recall_at_10] = [recall(1), recall(5), recall(10)];
  return { recall_at_1, recall_at_5, recall_at_10, map_at_r: precision / R, r_precision: count(R) / R, mrr, map: all / R };
}

/** Rows of four entries ±1, scaled, whose cosines are exact, so that equal similarities are equal in any order of summation. */
const sign = fc.constantFrom(-1, 1);
const exactRow = fc
  .tuple(sign, sign, sign, sign, fc.constantFrom(0.5, 1, 2))
  .map(([a, b, c, d, by]) => [a * by, b * by, c * by, d * by]);

describe('retrieval', () => {
  it("equals pytorch-metric-learning's calculator and a loop over each query's sorted list", () => {
    const perQuery = retrieve(Float32Array.from(golden.embeddings), golden.dimensions, Int32Array.from(golden.labels));
    expect([...perQuery.rows]).toEqual(golden.queries.map((query) => query.row));
    for (const metric of ['recall_at_1', 'recall_at_5', 'recall_at_10', 'map_at_r', 'r_precision'] as const) {
      golden.queries.forEach((query, at) => expect(perQuery.values[metric][at]).toBeCloseTo(query[metric], 12));
    }
    const scores = summarise(perQuery);
    expect(scores.recall_at_1).toBeCloseTo(golden.pml.precision_at_1, 9);
    expect(scores.r_precision).toBeCloseTo(golden.pml.r_precision, 9);
    expect(scores.map_at_r).toBeCloseTo(golden.pml.mean_average_precision_at_r, 9);
    expect([scores.queries, scores.left_out]).toEqual([46, 2]);
  });

  it("has pytorch-metric-learning's mean reciprocal rank and mean average precision", () => {
    const { embeddings, dimensions, labels, ...expected } = figures.mrr;
    const scores = summarise(retrieve(Float32Array.from(embeddings), dimensions, Int32Array.from(labels)));
    // The library divides in single precision.
    expect(scores.mrr).toBeCloseTo(expected.mrr, 7);
    expect(scores.map).toBeCloseTo(expected.map, 7);
  });

  it('leaves out what is of the class and the group of the query, and gives the CMC of what is left', () => {
    const { market } = figures;
    const [labels, cameras] = [Int32Array.from(market.labels), Int32Array.from(market.cameras)];
    const perQuery = retrieve(Float32Array.from(market.embeddings), market.dimensions, labels, cameras);
    expect([...perQuery.rows]).toEqual(market.rows);
    expect([...perQuery.values.mrr].map((value) => Math.round(1 / value))).toEqual(market.first);
    expect(apart(perQuery.values.map, market.map)).toBeLessThan(1e-12);
    expect(apart(cmc(perQuery.values.mrr, 20), market.cmc)).toBeLessThan(1e-12);
    expect(perQuery.leftOut).toBe(labels.length - market.rows.length);
  });

  it('refuses groups that leave no answer', () => {
    expect(() => retrieve(new Float32Array(8).fill(1), 2, Int32Array.of(0, 0, 1, 1), Int32Array.of(3, 3, 4, 4))).toThrow(
      'two images of two groups',
    );
  });

  it('orders equal similarities by index, in classes of any size', () => {
    const labelled = fc.tuple(exactRow, fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.array(labelled, { minLength: 5, maxLength: 30 }), (rows) => {
        const labels = Int32Array.from(rows, ([, label]) => label);
        const embeddings = Float32Array.from(rows.flatMap(([row]) => row));
        const perQuery = retrieve(embeddings, 4, labels);
        const unit = rows.map(([row]) => row.map((value) => value / Math.hypot(...row)));
        const similarity = (a: number) => (b: number) => unit[a]!.reduce((sum, value, i) => sum + value * unit[b]![i]!, 0);
        perQuery.rows.forEach((query, at) => {
          const wanted = byHand(similarity(query), labels, query);
          for (const metric of metrics) expect(perQuery.values[metric][at]).toBeCloseTo(wanted[metric], 12);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('gives each query the same figures beyond the size of one block', () => {
    const images = 1100;
    const labels = Int32Array.from({ length: images }, (_, row) => row % 300);
    const angle = (row: number) => ((row * 0.754877666) % 1) * 2 + labels[row]! * 0.02;
    const embeddings = Float32Array.from({ length: 2 * images }, (_, at) => (at % 2 === 0 ? Math.cos : Math.sin)(angle(at >> 1)));
    const perQuery = retrieve(embeddings, 2, labels);
    for (const query of [0, 511, 512, 1023, 1024, 1099]) {
      const lengthOf = (row: number) => Math.hypot(embeddings[2 * row]!, embeddings[2 * row + 1]!);
      const [x, y] = embeddings.subarray(2 * query, 2 * query + 2);
      const dot = (item: number) => x! * embeddings[2 * item]! + y! * embeddings[2 * item + 1]!;
      const similarity = (item: number) => dot(item) / lengthOf(query) / lengthOf(item);
      const wanted = byHand(similarity, labels, query);
      for (const metric of metrics) expect(perQuery.values[metric][query]).toBeCloseTo(wanted[metric], 9);
    }
  });

  it('is 1 for classes apart, and follows the order alone for classes that collapsed into one point', () => {
    const labels = Int32Array.from([0, 0, 1, 1]);
    expect(summarise(retrieve(Float32Array.from([1, 0, 2, 0, 0, 3, 0, 1]), 2, labels))).toEqual({
      recall_at_1: 1,
      recall_at_5: 1,
      recall_at_10: 1,
      map_at_r: 1,
      r_precision: 1,
      mrr: 1,
      map: 1,
      queries: 4,
      left_out: 0,
    });
    expect(summarise(retrieve(Float32Array.from([1, 0, 1, 0, 1, 0, 1, 0]), 2, labels)).recall_at_1).toBe(0.5);
  });

  it('keeps an image that is alone in its class among the answers, but asks nothing for it', () => {
    const perQuery = retrieve(Float32Array.from([1, 0, 0, 1, 1, 0.1]), 2, Int32Array.from([5, 5, 9]));
    expect([...perQuery.rows]).toEqual([0, 1]);
    expect(perQuery.leftOut).toBe(1);
    expect([...perQuery.values.recall_at_1]).toEqual([0, 0]);
  });

  it('refuses a set without two images of any class, and embeddings that are not finite', () => {
    expect(() => retrieve(new Float32Array(4), 2, Int32Array.from([0, 1]))).toThrow(UserError);
    expect(() => retrieve(Float32Array.from([1, Number.NaN, 1, 1]), 2, Int32Array.from([0, 0]))).toThrow('diverged');
    expect(() => retrieve(new Float32Array(5), 2, Int32Array.from([0, 0]))).toThrow(RangeError);
  });

  it('treats a row of zeros as equally far from all', () => {
    const perQuery = retrieve(Float32Array.from([0, 0, 1, 0, 1, 0]), 2, Int32Array.from([0, 0, 1]));
    expect([...perQuery.values.recall_at_1]).toEqual([1, 0]);
  });
});
