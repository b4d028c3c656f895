import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { effectiveRank, embeddingFigures, evenlyByClass } from '../../src/train/embedding-figures.js';

interface Golden {
  dimensions: number;
  labels: number[];
  values: number[];
  effective_rank: number;
  positive: number[];
  negative: number[];
}
const goldens = JSON.parse(readFileSync(new URL('../golden/effective-rank.json', import.meta.url), 'utf8')) as Golden[];

describe('the figures of embeddings', () => {
  it.each(goldens)("are NumPy's for $labels.length rows of $dimensions", (golden) => {
    const { effective_rank, distances } = embeddingFigures(
      Float32Array.from(golden.values),
      golden.dimensions,
      Int32Array.from(golden.labels),
    );
    expect(effective_rank).toBeCloseTo(golden.effective_rank, 6);
    expect(distances.positive).toEqual(golden.positive);
    expect(distances.negative).toEqual(golden.negative);
    expect(distances.edges).toHaveLength(21);
    expect([distances.edges[0], distances.edges[1], distances.edges[20]]).toEqual([0, 0.1, 2]);
  });

  it('have the rank exp(H) of two directions that hold 9 and 16 of the rows, whatever the rows are scaled by', () => {
    const rows = Array.from({ length: 25 }, (_, row) => (row < 9 ? [3, 0, 0] : [0, 0.01 * (row + 1), 0])).flat();
    // σ = 3 and 4.
    const entropy = -(3 / 7) * Math.log(3 / 7) - (4 / 7) * Math.log(4 / 7);
    const { effective_rank } = embeddingFigures(Float32Array.from(rows), 3, new Int32Array(25));
    expect(effective_rank).toBeCloseTo(Math.exp(entropy), 9);
  });

  it('have rank 1 where all rows are the same, or opposite, and 0 where all are 0', () => {
    const same = Float32Array.from({ length: 40 }, (_, at) => [1, 2, -3, 4][at % 4] as number);
    expect(
      embeddingFigures(
        same,
        4,
        Int32Array.from({ length: 10 }, (_, row) => row % 2),
      ).effective_rank,
    ).toBeCloseTo(1, 9);
    const opposite = same.map((value, at) => (at % 8 < 4 ? value : -value));
    const { effective_rank, distances } = embeddingFigures(
      opposite,
      4,
      Int32Array.from({ length: 10 }, (_, row) => row % 2),
    );
    expect(effective_rank).toBeCloseTo(1, 9);
    // 20 pairs of one class, all equal; 25 of two, as far apart as unit vectors can be: in the last bin.
    expect([distances.positive[0], distances.negative[19]]).toEqual([20, 25]);
    expect(embeddingFigures(new Float32Array(40), 4, new Int32Array(10)).effective_rank).toBe(0);
    expect(effectiveRank([0, -1e-18])).toBe(0);
  });

  it('of many images are those of whole classes, evenly chosen', () => {
    const labels = Int32Array.from({ length: 4000 }, (_, row) => row % 400);
    const rows = evenlyByClass(labels, 512);
    expect(rows).toHaveLength(512);
    expect(new Set(rows).size).toBe(512);
    const counts = new Map<number, number>();
    for (const row of rows) counts.set(labels[row] as number, (counts.get(labels[row] as number) ?? 0) + 1);
    // 51 whole classes and a part of one, spread over all 400.
    expect([...counts.values()].filter((count) => count === 10)).toHaveLength(51);
    expect(Math.max(...counts.keys()) - Math.min(...counts.keys())).toBeGreaterThan(380);
    expect(evenlyByClass(Int32Array.of(5, 5, 6), 512)).toEqual([0, 1, 2]);
    // Two huge classes: both are there.
    const two = evenlyByClass(
      Int32Array.from({ length: 3000 }, (_, row) => (row < 1500 ? 0 : 1)),
      512,
    );
    expect([two.length, two.filter((row) => row < 1500).length]).toEqual([64, 32]);
  });
});
