import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { embed } from '../../src/heads/apply.js';
import type { Head } from '../../src/heads/head.js';
import { learnedWhitening } from '../../src/heads/learned-whitening.js';
import { pca } from '../../src/heads/pca.js';

interface Golden {
  inputs: number;
  outputs: number;
  labels: number[];
  features: number[][];
  others: number[][];
  heads: { name: 'pca' | 'learned-whitening'; shrinkage?: number; weight: number[][]; bias: number[]; cosines: number[][] }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/heads.json', import.meta.url), 'utf8')) as Golden;
const { inputs, outputs } = golden;
const labels = Int32Array.from(golden.labels);
const features = Float32Array.from(golden.features.flat());
const others = Float32Array.from(golden.others.flat());
const fit = (name: string, shrinkage = 0): Head =>
  name === 'pca' ? pca(features, inputs, { outputs }) : learnedWhitening(features, inputs, labels, { shrinkage, outputs });

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('closed-form heads', () => {
  for (const wanted of golden.heads) {
    const name = wanted.shrinkage === undefined ? wanted.name : `${wanted.name}, shrinkage ${wanted.shrinkage},`;
    it(`${name} equals PyTorch's fit in double precision: weights, bias and cosines of other images`, () => {
      const head = fit(wanted.name, wanted.shrinkage);
      const largest = Math.max(...wanted.weight.flat().map(Math.abs));
      wanted.weight.forEach((row, o) =>
        row.forEach((value, i) => {
          expect(Math.abs(head.kernel[i * outputs + o]! - value)).toBeLessThan(1e-6 * largest);
        }),
      );
      wanted.bias.forEach((value, o) => expect(head.bias[o]).toBeCloseTo(value, 4));
      const embeddings = embed(others, head);
      wanted.cosines.forEach((row, a) =>
        row.forEach((value, b) => {
          let cosine = 0;
          for (let o = 0; o < outputs; o++) cosine += embeddings[a * outputs + o]! * embeddings[b * outputs + o]!;
          expect(Math.abs(cosine - value)).toBeLessThan(1e-5);
        }),
      );
    });
  }

  it('learned whitening takes the mean to the origin, and its weights have the norm √outputs', () => {
    const { kernel, bias } = fit('learned-whitening', 0.1);
    expect(Math.hypot(...kernel)).toBeCloseTo(Math.sqrt(outputs), 5);
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let row = 0; row < labels.length; row++) {
        sum += bias[o]!;
        for (let i = 0; i < inputs; i++) sum += features[row * inputs + i]! * kernel[i * outputs + o]!;
      }
      expect(sum / labels.length).toBeCloseTo(0, 5);
    }
  });

  it('learned whitening without shrinkage leaves classes equally wide along every direction, and round', () => {
    const { kernel } = fit('learned-whitening', 0);
    const rows = labels.length;
    const means = new Map<number, { sum: number[]; count: number }>();
    labels.forEach((label, row) => {
      const mean = means.get(label) ?? { sum: Array<number>(inputs).fill(0), count: 0 };
      mean.count++;
      mean.sum = mean.sum.map((value, i) => value + features[row * inputs + i]!);
      means.set(label, mean);
    });
    const covariance = Array.from({ length: outputs }, () => Array<number>(outputs).fill(0));
    labels.forEach((label, row) => {
      const { sum, count } = means.get(label)!;
      const centred = sum.map((value, i) => features[row * inputs + i]! - value / count);
      const z = covariance.map((_, o) => centred.reduce((total, value, i) => total + value * kernel[i * outputs + o]!, 0));
      for (let a = 0; a < outputs; a++) for (let b = 0; b < outputs; b++) covariance[a]![b]! += (z[a]! * z[b]!) / rows;
    });
    const scale = covariance[0]![0]!;
    covariance.forEach((row, a) => row.forEach((value, b) => expect(value / scale).toBeCloseTo(a === b ? 1 : 0, 4)));
  });

  it('come out the same for any naming of the classes and any order of the images', () => {
    const order = [...labels.keys()].sort((a, b) => ((a * 17) % 45) - ((b * 17) % 45));
    const shuffled = Float32Array.from(order.flatMap((row) => golden.features[row]!));
    const renamed = Int32Array.from(order, (row) => -7 * golden.labels[row]!);
    const one = fit('learned-whitening', 0.1);
    const other = learnedWhitening(shuffled, inputs, renamed, { shrinkage: 0.1, outputs });
    one.kernel.forEach((value, at) => expect(other.kernel[at]).toBeCloseTo(value, 5));
  });

  it('turn each direction until its largest component is positive', () => {
    for (const head of [fit('pca'), fit('learned-whitening', 0.3)]) {
      for (let o = 0; o < outputs; o++) {
        const column = Array.from({ length: inputs }, (_, i) => head.kernel[i * outputs + o]!);
        expect(Math.max(...column)).toBe(Math.max(...column.map(Math.abs)));
      }
    }
  });

  it('of one image a class are refused by learned whitening, with pca named instead, and fitted by pca', () => {
    const alone = Int32Array.from(labels.keys());
    const message = refusal(() => learnedWhitening(features, inputs, alone, { shrinkage: 0.1, outputs }));
    expect(message).toContain('head.init: pca');
    expect(message).toContain(`${labels.length} training images of ${labels.length} classes`);
  });

  it('of classes whose images are all the same file are refused like classes of one image', () => {
    const twice = Float32Array.from([...features, ...features]);
    const same = Int32Array.from({ length: 2 * labels.length }, (_, row) => row % labels.length);
    expect(refusal(() => learnedWhitening(twice, inputs, same, { shrinkage: 0.1, outputs }))).toContain('head.init: pca');
  });

  it('of more outputs than the features have or span directions are refused with the largest number that works', () => {
    expect(refusal(() => pca(features, inputs, { outputs: inputs + 1 }))).toContain(`head.dimensions to ${inputs} or less`);
    const five = features.subarray(0, 5 * inputs);
    expect(refusal(() => pca(five, inputs, { outputs: 5 }))).toContain('head.dimensions to 4 or less');
    const whitened = () => learnedWhitening(five, inputs, labels.subarray(0, 5), { shrinkage: 0.1, outputs: 5 });
    expect(refusal(whitened)).toContain('head.dimensions to 4 or less');
    const flat = features.map((value, at) => (at % inputs < 3 ? value : 0));
    expect(refusal(() => pca(flat, inputs, { outputs: 4 }))).toContain('head.dimensions to 3 or less');
  });

  it('without shrinkage are refused where a channel never varies inside a class', () => {
    const dead = features.map((value, at) => (at % inputs === 4 ? 0 : value));
    expect(refusal(() => learnedWhitening(dead, inputs, labels, { shrinkage: 0, outputs }))).toContain('head.shrinkage to 0.1');
    expect(learnedWhitening(dead, inputs, labels, { shrinkage: 0.1, outputs }).kernel.every(Number.isFinite)).toBe(true);
  });

  it('of a diverged network are refused in plain words', () => {
    const broken = features.slice();
    broken[7] = Number.NaN;
    expect(refusal(() => learnedWhitening(broken, inputs, labels, { shrinkage: 0.1, outputs }))).toContain('diverged');
    expect(refusal(() => pca(broken, inputs, { outputs }))).toContain('diverged');
  });

  it('refuse a shrinkage outside 0 … 1', () => {
    expect(refusal(() => learnedWhitening(features, inputs, labels, { shrinkage: 1.5, outputs }))).toContain('from 0 to 1');
  });
});
