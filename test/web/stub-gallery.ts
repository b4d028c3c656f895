/** A made-up gallery: classes on a circle of directions, so that every cosine can be worked out again in a test. */
import type { ThresholdPoint } from '../../src/serve/api.js';

export const DIMENSIONS = 16;
export const CLASSES = ['anchor', 'bell', 'comb', 'drum', 'egg', 'fan', 'globe', 'harp'];
const PER_CLASS = 6;

/** Numbers from −1 to 1, the same for the same text (FNV-1a, then an LCG). */
function numbersOf(text: string, count: number): number[] {
  let state = 2166136261;
  for (const sign of text) state = Math.imul(state ^ (sign.codePointAt(0) ?? 0), 16777619) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

export function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
}

/** An image is what its name says: `drum-3.png` lies near the class 'drum', `far-drum.png` further away, others anywhere. */
export function embeddingOf(file: string): number[] {
  const name = file.split('/').at(-1) ?? file;
  const of = CLASSES.find((one) => name.includes(one));
  const own = numbersOf(name, DIMENSIONS);
  if (of === undefined) return unit(own);
  const spread = name.startsWith('far-') ? 1.6 : 0.45;
  return unit(unit(numbersOf(of, DIMENSIONS)).map((value, at) => value + (spread * (own[at] ?? 0)) / 2));
}

export interface Row {
  readonly id: string;
  readonly file: string;
  readonly class: string | null;
  readonly kind: 'image' | 'prototype';
  readonly images: number;
  readonly embedding: readonly number[];
}

export const GALLERY: readonly Row[] = CLASSES.flatMap((name) =>
  Array.from({ length: PER_CLASS }, (_, at): Row => {
    const file = `${name}/${name}-${at}.jpg`;
    return { id: `${name}-${at}`, file, class: name, kind: 'image', images: 1, embedding: embeddingOf(file) };
  }),
);

/** By falling rate, as the server gives them; the last two have too few pairs. */
export const THRESHOLDS: readonly ThresholdPoint[] = [
  [0.1, 0.22, 0.098, 0.995],
  [0.03, 0.38, 0.0296, 0.981],
  [0.01, 0.52, 0.0097, 0.953],
  [0.003, 0.64, 0.0029, 0.902],
  [0.001, 0.75, 0.00094, 0.811],
  [0.0003, 0.84, 0.00012, 0.622],
  [0.0001, 0.9, 0, 0.41],
].map(([asked, threshold, far, tar]) => {
  const middle = threshold as number;
  const at = asked as number;
  return {
    asked: at,
    threshold: middle,
    low: middle - 0.03,
    high: middle + 0.02,
    far: far as number,
    tar: tar as number,
    resolved: at >= 0.001,
  };
});
