import { nearest } from '../search/nearest.js';

/** A row's key and how alike it is. */
export interface Hit {
  readonly key: number;
  /** Cosine, −1 to 1. */
  readonly similarity: number;
}

/** Vectors in memory under whole-number keys, searched exactly. */
export interface VectorTable {
  readonly size: number;
  put(key: number, vector: Float32Array): void;
  remove(key: number): void;
  /** A copy. */
  get(key: number): Float32Array | null;
  nearest(query: Float32Array, top: number): Hit[];
}

/** @param capacity rows that there is room for before the first growth */
export function vectorTable(dimensions: number, capacity = 64): VectorTable {
  let vectors = new Float32Array(Math.max(1, capacity) * dimensions);
  /** The key of each slot: the rows lie without gaps, so that one pass over them is the search. */
  const keys: number[] = [];
  const slots = new Map<number, number>();
  const at = (slot: number) => vectors.subarray(slot * dimensions, (slot + 1) * dimensions);
  return {
    get size() {
      return keys.length;
    },
    put(key, vector) {
      let slot = slots.get(key);
      if (slot === undefined) {
        slot = keys.push(key) - 1;
        slots.set(key, slot);
        if (keys.length * dimensions > vectors.length) {
          const wider = new Float32Array(Math.ceil(keys.length * 1.5) * dimensions);
          wider.set(vectors);
          vectors = wider;
        }
      }
      vectors.set(vector, slot * dimensions);
    },
    remove(key) {
      const slot = slots.get(key);
      if (slot === undefined) return;
      const last = keys.length - 1;
      const moved = keys[last] as number;
      // The last row fills the gap.
      vectors.copyWithin(slot * dimensions, last * dimensions, (last + 1) * dimensions);
      keys[slot] = moved;
      slots.set(moved, slot);
      slots.delete(key);
      keys.pop();
    },
    get(key) {
      const slot = slots.get(key);
      return slot === undefined ? null : at(slot).slice();
    },
    nearest(query, top) {
      if (top < 1) return [];
      const found = nearest(vectors.subarray(0, keys.length * dimensions), dimensions, query, top);
      return found.map(({ row, similarity }) => ({ key: keys[row] as number, similarity }));
    },
  };
}
