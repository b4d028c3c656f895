import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.js';
import { classSizes } from '../../src/inspect/class-sizes.js';
import { centredRows, nearestNeighbours } from '../../src/inspect/neighbours.js';
import { cosine, doubtfulLabels } from '../../src/inspect/wrong-labels.js';

/** Rows about one centre a class, in 16 dimensions. */
function clusters(classes: number, each: number, spread: number, seed: number) {
  const stream = randomStream(seed, 'derive');
  const normal = () => Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
  const centres = Array.from({ length: classes }, () => Array.from({ length: 16 }, normal));
  const labels = Int32Array.from({ length: classes * each }, (_, i) => Math.floor(i / each));
  const values = Float32Array.from([...labels].flatMap((c) => (centres[c] as number[]).map((x) => x + spread * normal())));
  return { unit: centredRows(values, 16), labels };
}

describe('nearestNeighbours', () => {
  it('are those that sorting all similarities gives', async () => {
    const { unit } = clusters(7, 9, 1, 3);
    const { each, indices, similarities } = await nearestNeighbours(unit, 16, 5);
    expect(each).toBe(5);
    for (let row = 0; row < 63; row++) {
      const all = Array.from({ length: 63 }, (_, other) => ({ other, similarity: cosine(unit, 16, row, other) }))
        .filter(({ other }) => other !== row)
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, 5);
      expect([...indices.subarray(row * 5, row * 5 + 5)]).toEqual(all.map(({ other }) => other));
      all.forEach(({ similarity }, place) => {
        expect(similarities[row * 5 + place]).toBeCloseTo(similarity, 5);
      });
    }
  });

  it('are all others where there are fewer, none of a single image, and end where asked to', async () => {
    const { unit } = clusters(1, 3, 1, 0);
    expect((await nearestNeighbours(unit, 16, 20)).each).toBe(2);
    expect((await nearestNeighbours(unit.slice(0, 16), 16, 20)).indices).toHaveLength(0);
    await expect(nearestNeighbours(unit, 16, 2, { stopped: () => true })).rejects.toThrow('nothing was written');
  });
});

describe('centredRows', () => {
  it('have the mean at the origin and unit length; a row at the mean stays zero', () => {
    const rows = centredRows(Float32Array.of(1, 5, 3, 5, 2, 5), 2);
    expect([...rows]).toEqual([-1, 0, 1, 0, 0, 0]);
  });
});

describe('doubtfulLabels', () => {
  const none = (count: number) => new Int32Array(count).fill(-1);

  it('finds planted wrong labels among clear classes, names the right class, and doubts nothing where nothing is wrong', async () => {
    const { unit, labels } = clusters(10, 20, 0.5, 1);
    const neighbours = await nearestNeighbours(unit, 16, 20);
    expect(doubtfulLabels(unit, 16, labels, neighbours, none(200), 0.1)).toEqual([]);
    const wrong = labels.slice();
    const planted = new Map([3, 47, 102, 150, 199].map((sample) => [sample, labels[sample] as number]));
    for (const sample of planted.keys()) wrong[sample] = ((wrong[sample] as number) + 3) % 10;
    const found = doubtfulLabels(unit, 16, wrong, neighbours, none(200), 0.1);
    expect(new Map(found.map(({ sample, likelier }) => [sample, likelier]))).toEqual(planted);
    expect(found.map(({ margin }) => margin)).toEqual(found.map(({ margin }) => margin).sort((a, b) => b - a));
    for (const { witness, likelier } of found) expect(labels[witness]).toBe(likelier);
  });

  it('is not held off by a copy with the same wrong label', async () => {
    const { unit, labels } = clusters(6, 10, 0.5, 2);
    unit.copyWithin(16, 0, 16); // image 1 is image 0 again
    const wrong = labels.slice();
    wrong[0] = 4;
    wrong[1] = 4;
    const sets = none(60);
    sets.fill(0, 0, 2);
    const neighbours = await nearestNeighbours(unit, 16, 20);
    expect(doubtfulLabels(unit, 16, wrong, neighbours, sets, 0.1).map(({ sample }) => sample)).toEqual([0, 1]);
  });

  it('judges no image that is the only one of its class, and gives margins that a loop over all pairs gives', async () => {
    const { unit, labels } = clusters(5, 6, 1.5, 4);
    labels[29] = 5;
    const neighbours = await nearestNeighbours(unit, 16, 29);
    const found = doubtfulLabels(unit, 16, labels, neighbours, none(30), -10);
    expect(found.map(({ sample }) => sample).sort((a, b) => a - b)).toEqual(Array.from({ length: 29 }, (_, i) => i));
    for (const { sample, likelier, margin } of found) {
      const towards = (wanted: number) => {
        const all = [...labels.keys()].filter((other) => other !== sample && labels[other] === wanted);
        const largest = all
          .map((other) => cosine(unit, 16, sample, other))
          .sort((a, b) => b - a)
          .slice(0, 3);
        return largest.reduce((sum, value) => sum + value, 0) / largest.length;
      };
      const others = [0, 1, 2, 3, 4, 5].filter((c) => c !== labels[sample]);
      expect(towards(likelier)).toBeCloseTo(Math.max(...others.map(towards)), 5);
      expect(margin).toBeCloseTo(towards(likelier) - towards(labels[sample] as number), 5);
    }
  });
});

describe('classSizes', () => {
  it('has the Gini coefficient of its definition, and as many effective classes as there are where all are equal', () => {
    const run = fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }), (sizes) => {
      const labels = sizes.flatMap((size, c) => new Array<number>(size).fill(c));
      const found = classSizes(labels, sizes.length);
      let differences = 0;
      for (const a of sizes) for (const b of sizes) differences += Math.abs(a - b);
      expect(found.gini).toBeCloseTo(differences / (2 * sizes.length * labels.length), 9);
      expect(found.images).toEqual(sizes);
      expect(found.effective).toBeLessThanOrEqual(sizes.length + 1e-9);
    });
    fc.assert(run);
    expect(classSizes([0, 0, 1, 1, 2, 2], 3).effective).toBeCloseTo(3, 9);
    // shares 3/4 and 1/4: exp(.75 ln(4/3) + .25 ln 4) = 1.7548
    expect(classSizes([0, 0, 0, 1], 2)).toMatchObject({ smallest: 1, median: 2, largest: 3, ratio: 3 });
    expect(classSizes([0, 0, 0, 1], 2).effective).toBeCloseTo(1.7548, 4);
  });
});
