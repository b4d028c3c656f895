import { describe, expect, it } from 'vitest';
import { seededDraws } from '../../src/evaluate/resample.js';
import { sample } from '../../src/report/draws.js';
import type { HeldOut, Vectors } from '../../src/report/input.js';
import { mixUps } from '../../src/report/mixed-up.js';
import { retrieved, similarities, unitRows } from '../../src/report/neighbours.js';
import { choosePairs, scorePairs } from '../../src/report/pairs.js';

const draw = seededDraws(3);

/** Random vectors of some classes; every tenth is a copy of the one before, so that there are ties. */
function setOf(images: number, dimensions: number, classes: number): { vectors: Vectors; heldOut: HeldOut } {
  const values = new Float32Array(images * dimensions);
  for (let i = 0; i < images; i++)
    for (let d = 0; d < dimensions; d++)
      values[i * dimensions + d] = i % 10 === 9 ? (values[(i - 1) * dimensions + d] as number) : draw() - 0.5;
  const labels = Int32Array.from({ length: images }, () => Math.floor(draw() * classes));
  const names = Array.from({ length: classes }, (_, c) => `class ${c}`);
  const files = Array.from({ length: images }, (_, i) => `${i}.png`);
  return {
    vectors: { row: 'triplet', dimensions, unit: unitRows(values, dimensions) },
    heldOut: { files, paths: files, labels, classes: names },
  };
}

function cosine({ unit, dimensions }: Vectors, a: number, b: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += (unit[a * dimensions + d] as number) * (unit[b * dimensions + d] as number);
  return sum;
}

describe('what a query gets', () => {
  for (const dimensions of [1, 3, 4, 7, 16]) {
    it(`is what sorting all others by cosine gives, in ${dimensions} dimensions, equal ones by index`, () => {
      const { vectors, heldOut } = setOf(60, dimensions, 7);
      for (let query = 0; query < 60; query++) {
        const cosines = similarities(vectors, query);
        for (let image = 0; image < 60; image++) expect(cosines[image]).toBeCloseTo(cosine(vectors, query, image), 12);
        const order = Array.from({ length: 60 }, (_, image) => image)
          .filter((image) => image !== query)
          .sort((a, b) => (cosines[b] as number) - (cosines[a] as number) || a - b);
        const found = retrieved(vectors, heldOut.labels, query, 9);
        expect(found.nearest.map(({ image }) => image)).toEqual(order.slice(0, 9));
        const rank = order.findIndex((image) => heldOut.labels[image] === heldOut.labels[query]) + 1;
        expect(found.right?.rank ?? 0).toBe(rank);
        expect(found.right?.image).toBe(rank === 0 ? undefined : order[rank - 1]);
      }
    });
  }

  it('scales rows to unit length and leaves a row of zeros and one that is not finite as zeros', () => {
    const unit = unitRows(Float32Array.of(3, 4, 0, 0, Number.NaN, 1), 2);
    expect([...unit]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0, 0, 0]);
  });
});

describe('the classes that are mixed up', () => {
  it('are counted as a loop over the wrong queries counts them', () => {
    const { vectors, heldOut } = setOf(80, 3, 5);
    const first = Array.from(
      { length: 80 },
      (_, query) => retrieved(vectors, heldOut.labels, query, 1).nearest[0]?.image as number,
    );
    const label = (image: number) => heldOut.labels[image] as number;
    const wrong = first.flatMap((answer, query) => (label(answer) === label(query) ? [] : [query]));
    const counts = new Map<string, number>();
    for (const query of wrong) {
      const key = `${label(query)}>${label(first[query] as number)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const found = mixUps(vectors, heldOut, wrong, 100, seededDraws(0));
    expect(found.looked).toBe(wrong.length);
    expect(new Map(found.pairs.map(({ truth, taken, count }) => [`${truth}>${taken}`, count]))).toEqual(counts);
    const sorted = found.pairs.map(({ count }) => count);
    expect(sorted).toEqual([...sorted].sort((a, b) => b - a));
    for (const { truth, taken, of, example } of found.pairs) {
      expect(of).toBe(heldOut.labels.filter((one) => one === truth).length);
      expect([label(example.query), label(example.answer)]).toEqual([truth, taken]);
    }
  });
});

describe('pairs of images', () => {
  it('are all of them where there are few, each once', () => {
    const { vectors, heldOut } = setOf(30, 5, 4);
    const indices = choosePairs(heldOut, 1000, 1);
    const { scores, same, all, drawn } = scorePairs(vectors, heldOut, indices);
    let pair = 0;
    const keys = new Set<string>();
    for (; pair < scores.length; pair++) {
      const [a, b] = [indices.first[pair] as number, indices.second[pair] as number];
      expect(a).toBeLessThan(b);
      keys.add(`${a},${b}`);
      expect(same[pair]).toBe(heldOut.labels[a] === heldOut.labels[b] ? 1 : 0);
      expect(scores[pair]).toBeCloseTo(Math.min(1, cosine(vectors, a, b)), 12);
    }
    expect(keys.size).toBe((30 * 29) / 2);
    expect(all.same + all.different).toBe((30 * 29) / 2);
    expect(drawn).toEqual({ same: false, different: false });
  });

  it('are drawn in proportion to the pairs that there are, never an image with itself', () => {
    // One class of 40 images (780 pairs), one of 10 (45): 94.5 % of the pairs of one class are of the first.
    const labels = Int32Array.from({ length: 50 }, (_, i) => (i < 40 ? 0 : 1));
    const files = [...labels].map(String);
    const { first, second, same, all } = choosePairs({ labels, classes: ['a', 'b'], files, paths: files }, 300, 5);
    expect(all).toEqual({ same: 825, different: 400 });
    expect([same, first.length - same]).toEqual([300, 300]);
    for (let pair = 0; pair < 600; pair++) {
      expect(first[pair]).not.toBe(second[pair]);
      expect(labels[first[pair] as number] === labels[second[pair] as number]).toBe(pair < same);
    }
    const ofFirst = [...first.subarray(0, same)].filter((image) => image < 40).length / same;
    // Three standard errors of a share of 0.945 over 300 draws.
    expect(Math.abs(ofFirst - 780 / 825)).toBeLessThan(0.04);
    expect(new Set(first.subarray(0, same)).size).toBeGreaterThan(35);
  });
});

describe('a sample', () => {
  it('has different numbers, ascending, each about equally often', () => {
    const counts = new Array<number>(12).fill(0);
    const random = seededDraws(11);
    for (let round = 0; round < 3000; round++) {
      const taken = sample(12, 4, random);
      expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
      for (const one of taken) counts[one] = (counts[one] as number) + 1;
    }
    // 1,000 each, with a standard deviation of 26.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(110);
    expect(sample(3, 5, random)).toEqual([0, 1, 2]);
  });
});
