import { describe, expect, it } from 'vitest';
import { embed } from '../../src/heads/apply.js';
import { chooseShrinkage } from '../../src/heads/choose-shrinkage.js';
import { learnedWhitening } from '../../src/heads/learned-whitening.js';
import { randomHead } from '../../src/heads/random.js';

/** A fixed stream of draws in [0, 1): the fractional parts of multiples of the golden ratio. */
const uniform = (index: number) => (index * 0.6180339887498949) % 1;

describe('a random head', () => {
  it('is uniform within ±1/√inputs, kernel and bias', () => {
    const { kernel, bias, inputs, outputs } = randomHead(64, 16, uniform);
    expect([inputs, outputs, kernel.length, bias.length]).toEqual([64, 16, 1024, 16]);
    for (const value of [...kernel, ...bias]) expect(Math.abs(value)).toBeLessThanOrEqual(1 / 8);
    expect(kernel.reduce((sum, value) => sum + value, 0) / 1024).toBeCloseTo(0, 3);
    // The variance of a uniform ±b is b²/3.
    expect(kernel.reduce((sum, value) => sum + value * value, 0) / 1024).toBeCloseTo(1 / 64 / 3, 4);
  });

  it('takes draw number i for weight number i, and the draws after them for the bias', () => {
    const asked: number[] = [];
    const { kernel, bias } = randomHead(4, 3, (index) => {
      asked.push(index);
      return index / 16;
    });
    expect(asked).toEqual([...Array(15).keys()]);
    expect(kernel[5]).toBeCloseTo((2 * (5 / 16) - 1) / 2, 6);
    expect(bias[2]).toBeCloseTo((2 * (14 / 16) - 1) / 2, 6);
  });
});

describe('embed', () => {
  it('gives a row the same embedding alone, among few and among many', () => {
    const head = randomHead(70, 9, uniform);
    const features = Float32Array.from({ length: 70 * 20 }, (_, at) => uniform(3 * at + 1) - 0.4);
    const many = embed(features, head);
    for (const rows of [1, 2, 8, 9]) {
      const few = embed(features.subarray(0, rows * 70), head);
      few.forEach((value, at) => expect(value).toBeCloseTo(many[at] as number, 6));
    }
  });

  it('gives unit rows of x·kernel + bias', () => {
    const head = { kernel: Float32Array.from([1, 0, 2, 0, 1, -1]), bias: Float32Array.from([0.5, 0, 0]), inputs: 2, outputs: 3 };
    const found = embed(Float32Array.from([1, 2, -1, 0]), head);
    const wanted = [
      [1.5, 2, 0],
      [-0.5, 0, -2],
    ].flatMap((row) => row.map((value) => value / Math.hypot(...row)));
    wanted.forEach((value, at) => expect(found[at]).toBeCloseTo(value, 6));
  });

  it('gives the same rows beyond the size of one block', () => {
    const head = randomHead(2, 2, uniform);
    const features = Float32Array.from({ length: 2 * 4100 }, (_, index) => uniform(index + 1) - 0.5);
    const found = embed(features, head);
    for (const row of [0, 4095, 4096, 4099]) {
      expect([...found.subarray(2 * row, 2 * row + 2)]).toEqual([...embed(features.subarray(2 * row, 2 * row + 2), head)]);
    }
  });

  it('leaves a row that falls on the origin at zero instead of NaN', () => {
    const head = { kernel: Float32Array.from([1, 1]), bias: new Float32Array(2), inputs: 1, outputs: 2 };
    expect([...embed(Float32Array.from([0]), head)]).toEqual([0, 0]);
  });
});

describe('the shrinkage', () => {
  const labels = Int32Array.from({ length: 24 }, (_, row) => row % 6);
  const ofClass = (index: number) => (labels[Math.floor(index / 4)]! === index % 6 ? 1 : 0);
  const features = Float32Array.from({ length: 24 * 4 }, (_, index) => uniform(index) + ofClass(index));
  const train = { features: features.subarray(0, 64), labels: labels.subarray(0, 16) };
  const validation = { features: features.subarray(64), labels: labels.subarray(16) };

  it('with the best validation score is chosen, fitted on the training images alone', () => {
    const scores = new Map([
      [0.1, 0.4],
      [0.3, 0.6],
      [0.5, 0.6],
      [1, 0.2],
    ]);
    const candidates = [0.1, 0.3, 0.5, 1] as const;
    const left = [...candidates];
    const choice = chooseShrinkage(candidates, train, validation, 4, 2, (embeddings, outputs, validationLabels) => {
      const shrinkage = left.shift()!;
      expect(outputs).toBe(2);
      expect(validationLabels).toBe(validation.labels);
      const head = learnedWhitening(train.features, 4, train.labels, { shrinkage, outputs: 2 });
      expect([...embeddings]).toEqual([...embed(validation.features, head)]);
      return scores.get(shrinkage)!;
    });
    expect(choice.shrinkage).toBe(0.3);
    expect(choice.scores).toEqual([...scores].map(([shrinkage, score]) => ({ shrinkage, score })));
    expect(choice.reason).toContain('the best of 4');
  });

  it('is the first candidate where there is nothing to choose by, and says so', () => {
    const never = () => {
      throw new Error('nothing is to be scored');
    };
    const alone = chooseShrinkage([0.3, 0.1], train, undefined, 4, 2, never);
    expect(alone).toMatchObject({ shrinkage: 0.3, scores: [], reason: expect.stringContaining('no validation class') });
    const noPair = { features: validation.features, labels: Int32Array.from(validation.labels.keys()) };
    expect(chooseShrinkage([0.3, 0.1], train, noPair, 4, 2, never).scores).toEqual([]);
    const single = chooseShrinkage([0.2], train, validation, 4, 2, never);
    expect(single).toMatchObject({ shrinkage: 0.2, scores: [], reason: expect.stringContaining('only candidate') });
  });
});
