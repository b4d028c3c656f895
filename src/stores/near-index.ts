import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Edges of a node, and how many candidates are looked at while building and searching (Malkov, Yashunin 2018: M, ef). */
const CONNECTIVITY = 16;
const EXPANSION = 128;

/** An approximate index over vectors under whole-number keys: what it finds is compared once more by who asks. */
export interface NearIndex {
  readonly size: number;
  add(keys: readonly number[], vectors: readonly Float32Array[]): void;
  remove(key: number): void;
  /** Keys of rows near the query, about the nearest first. */
  candidates(query: Float32Array, count: number): number[];
  /** Writes it for `openIndex`; `upTo` is the largest key that any row has had so far. */
  save(upTo: number): void;
}

/** `near-17.usearch`: an index of all rows whose key is at most 17. */
const FILE = /^near-(\d+)\.usearch$/;

/** The saved index's largest key, or null where there is none. What a killed `save` left is taken away. */
function savedUpTo(folder: string): number | null {
  let upTo: number | null = null;
  for (const name of readdirSync(folder)) {
    if (name.startsWith('near-') && name.endsWith('.part')) rmSync(join(folder, name), { force: true });
    const match = FILE.exec(name);
    if (match !== null) upTo = Math.max(upTo ?? 0, Number(match[1]));
  }
  return upTo;
}

/**
 * An HNSW graph (usearch) over cosine, its vectors in half precision.
 * Keys are never used twice, so rows only go from a saved index and never change in it: with as many rows at most `upTo` as it
 * has, it has exactly these.
 *
 * @param rowsUpTo how many rows there are whose key is at most so much
 * @returns the index, and the largest key that it covers: 0 where it is new
 */
export async function openIndex(
  folder: string,
  dimensions: number,
  rowsUpTo: (key: number) => number,
): Promise<{ index: NearIndex; upTo: number }> {
  const { Index, MetricKind, ScalarKind } = (await import('usearch')).default;
  const make = () =>
    new Index({
      dimensions,
      metric: MetricKind.Cos,
      quantization: ScalarKind.F16,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION,
      expansion_search: EXPANSION,
      multi: false,
    });
  const path = (upTo: number) => join(folder, `near-${upTo}.usearch`);
  let graph = make();
  let upTo = savedUpTo(folder) ?? 0;
  if (existsSync(path(upTo))) {
    try {
      graph.load(path(upTo));
    } catch {
      graph = make(); // cut off or of another version: it is made anew from the rows
    }
    if (graph.size() !== rowsUpTo(upTo)) graph = make();
  }
  if (graph.size() === 0) upTo = 0;
  const index: NearIndex = {
    get size() {
      return graph.size();
    },
    add(keys, vectors) {
      const matrix = new Float32Array(keys.length * dimensions);
      for (const [i, vector] of vectors.entries()) matrix.set(vector, i * dimensions);
      // By one thread: of rows that several put in at once some are linked to by none, and no search finds them.
      if (keys.length > 0) graph.add(BigUint64Array.from(keys, BigInt), matrix, 1);
    },
    remove(key) {
      graph.remove(BigInt(key));
    },
    candidates(query, count) {
      const wanted = Math.min(count, graph.size());
      return wanted === 0 ? [] : Array.from(graph.search(query, wanted, 1).keys, Number);
    },
    save(last) {
      // Under another name first: a kill leaves the old file or the new one.
      const part = `${path(last)}.part`;
      graph.save(part);
      renameSync(part, path(last));
      for (const name of readdirSync(folder)) {
        const match = FILE.exec(name);
        if (match !== null && Number(match[1]) !== last) rmSync(join(folder, name), { force: true });
      }
    },
  };
  return { index, upTo };
}
