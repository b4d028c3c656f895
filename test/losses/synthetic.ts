/** P×K batches of made-up embeddings, the same on every machine: a random centre a class, noise a row. */

/** Uniform in [0, 1): a 32-bit mixing generator (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Near enough normal: the sum of twelve uniforms, less six. Only sums, so equal on every machine. */
export function normal(draw: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += draw();
  return sum;
}

export interface Synthetic {
  embeddings: number[][];
  labels: number[];
}

/** `noise` is the spread of a class in units of the spread of the centres. */
export function classesOf(classes: number, images: number, dimensions: number, noise: number, seed: number): Synthetic {
  const draw = uniform(seed);
  const row = (scale: number): number[] => Array.from({ length: dimensions }, () => scale * normal(draw));
  const embeddings: number[][] = [];
  const labels: number[] = [];
  for (let c = 0; c < classes; c++) {
    const centre = row(1);
    for (let k = 0; k < images; k++) {
      const offset = row(noise);
      embeddings.push(centre.map((value, i) => value + offset[i]!));
      labels.push(c);
    }
  }
  return { embeddings, labels };
}
