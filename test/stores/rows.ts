import { randomStream } from '../../src/data/random.js';
import type { StoredRow } from '../../src/stores/store.js';

export const DIMENSIONS = 12;
export const MODEL = 'sha256:0123';

export function unit(seed: number, dimensions = DIMENSIONS): Float32Array {
  const stream = randomStream(seed, 'derive', 1);
  const values = Array.from({ length: dimensions }, () => stream.between(-1, 1));
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

export function row(number: number, change: Partial<StoredRow> = {}): StoredRow {
  return {
    id: `image-${String(number).padStart(3, '0')}`,
    vector: unit(number),
    class: number % 3 === 0 ? null : `class ${number % 3}`,
    file: `a folder/${number}'s "photo".jpg`,
    path: number % 2 === 0 ? `/photos/${number}.jpg` : null,
    kind: 'image',
    images: 1,
    ...change,
  };
}
