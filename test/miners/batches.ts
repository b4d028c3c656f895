import * as fc from 'fast-check';

export interface Batch {
  embeddings: number[][];
  labels: number[];
}

/** Embeddings on a coarse grid (duplicates, ties and zero rows are common) or anywhere; classes of every size from 1 on. */
export const batches: fc.Arbitrary<Batch> = fc
  .tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 2, max: 5 }), fc.boolean(), fc.integer({ min: 1, max: 4 }))
  .chain(([rows, columns, coarse, classes]) =>
    fc.record({
      embeddings: fc.array(
        fc.array(coarse ? fc.integer({ min: -1, max: 1 }) : fc.integer({ min: -1000, max: 1000 }).map((value) => value / 512), {
          minLength: columns,
          maxLength: columns,
        }),
        { minLength: rows, maxLength: rows },
      ),
      labels: fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: rows, maxLength: rows }),
    }),
  );

/** Two classes of two images each, the least that has triplets. */
export const smallest: Batch = {
  embeddings: [
    [1, 0],
    [0.9, 0.3],
    [0.7, 0.7],
    [0, 1],
  ],
  labels: [0, 0, 1, 1],
};
export const oneClass: Batch = {
  embeddings: [
    [1, 0],
    [0, 1],
    [1, 1],
  ],
  labels: [3, 3, 3],
};
export const noPositives: Batch = {
  embeddings: [
    [1, 0],
    [0, 1],
    [1, 1],
  ],
  labels: [0, 1, 2],
};
export const duplicates: Batch = {
  embeddings: [
    [1, 2, 2],
    [1, 2, 2],
    [1, 2, 2],
    [2, 4, 4],
    [1, 0, 0],
    [1, 0, 0],
  ],
  labels: [0, 0, 1, 1, 0, 1],
};
