import { nearest } from '../search/nearest.js';
import type { Store, StoredRow } from '../stores/store.js';
import type { MapPoint } from './api.js';
import { pictureOf } from './rows.js';

/** Lays rows out in the plane; the server does not know how. */
export interface MapMaker {
  /** Which of the rows are shown, by their classes. */
  choose(classes: readonly (string | null)[], limit: number): readonly number[];
  /** Their places, each coordinate within 0 … 1, in the order of the rows; null where they do not differ. */
  layOut(vectors: Float32Array, dimensions: number): Promise<readonly (readonly [number, number])[] | null>;
}

export interface GalleryMap {
  /** The points; null while they are laid out, which the first call begins. */
  points(): readonly MapPoint[] | null;
  /** Where an embedding lies among the points; null before they are laid out, or without any. */
  place(embedding: Float32Array): { x: number; y: number } | null;
}

/** Points, at most: UMAP of so many takes seconds, and a page can draw them. */
export const MAP_POINTS = 1500;
/** Points that give a query its place. */
const NEIGHBOURS = 5;

interface Laid {
  readonly points: readonly MapPoint[];
  readonly vectors: Float32Array;
}

/** @param failed is told why there is no map */
export function createMap(store: Store, maker: MapMaker, failed: (error: unknown) => void, limit = MAP_POINTS): GalleryMap {
  let laid: Laid | null = null;
  let begun = false;
  const { dimensions } = store;
  const begin = async () => {
    const ids: string[] = [];
    const classes: (string | null)[] = [];
    for await (const row of store.rows('image')) {
      ids.push(row.id);
      classes.push(row.class);
    }
    const rows: StoredRow[] = [];
    for (const at of maker.choose(classes, limit)) {
      const row = await store.get(ids[at] as string);
      if (row !== null) rows.push(row);
    }
    const vectors = new Float32Array(rows.length * dimensions);
    rows.forEach(({ vector }, at) => vectors.set(vector, at * dimensions));
    // The vectors stay: queries are placed by them.
    const places = rows.length === 0 ? null : await maker.layOut(vectors.slice(), dimensions);
    const points = (places ?? []).map(([x, y], at): MapPoint => {
      const row = rows[at] as StoredRow;
      return { id: row.id, x, y, class: row.class, file: row.file, picture: pictureOf(row) };
    });
    laid = { points, vectors };
  };
  return {
    points() {
      if (!begun) {
        begun = true;
        begin().catch((error: unknown) => {
          laid = { points: [], vectors: new Float32Array(0) };
          failed(error);
        });
      }
      return laid?.points ?? null;
    },
    place(embedding) {
      if (laid === null || laid.points.length === 0) return null;
      return placeAmong(nearest(laid.vectors, dimensions, embedding, NEIGHBOURS), laid.points);
    },
  };
}

/** The mean place of the nearest points, each weighed by 1 / (distance + ε): a query that is a point itself lies on it. */
export function placeAmong(
  neighbours: readonly { readonly row: number; readonly similarity: number }[],
  points: readonly { readonly x: number; readonly y: number }[],
): { x: number; y: number } {
  let [x, y, total] = [0, 0, 0];
  for (const { row, similarity } of neighbours) {
    const weight = 1 / (Math.max(0, 1 - similarity) + 1e-6);
    const point = points[row] as { x: number; y: number };
    x += weight * point.x;
    y += weight * point.y;
    total += weight;
  }
  return { x: x / total, y: y / total };
}
