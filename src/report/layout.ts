import { PCA } from 'ml-pca';
import { UMAP } from 'umap-js';
import { seededDraws } from '../evaluate/resample.js';
import type { HeldOut, Vectors } from './input.js';

/** Places of some images in the plane, each coordinate within 0 … 1. */
export interface Plane {
  readonly points: readonly (readonly [number, number])[];
  /** Width to height that keeps distances comparable, within 0.75 … 2. */
  readonly aspect: number;
}

/** Two maps of the same images. */
export interface Layout {
  readonly images: readonly number[];
  readonly pca: Plane;
  /** Share of the variance of these images that the two axes of the PCA hold. */
  readonly explained: number;
  /** Null where there are too few images. */
  readonly umap: Plane | null;
}

/**
 * Whole classes, drawn until there are about `limit` images: single images of many classes would show no group. A class takes
 * at most an eighth of them.
 */
export function imagesOfMap({ labels, classes }: Pick<HeldOut, 'labels' | 'classes'>, limit: number, seed: number): number[] {
  const members: number[][] = classes.map(() => []);
  labels.forEach((label, image) => (members[label] as number[]).push(image));
  const draw = seededDraws(seed);
  const order = classes.map((_, label) => label);
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const most = Math.max(2, Math.floor(limit / Math.min(8, Math.max(1, classes.length))));
  const taken: number[] = [];
  for (const label of order) {
    const images = (members[label] as number[]).slice(0, most);
    if (taken.length + images.length > limit) break;
    taken.push(...images);
  }
  return taken.sort((a, b) => a - b);
}

const UMAP_LEAST = 16;

/**
 * The map of some images: the two principal components (ml-pca, by NIPALS), and UMAP (umap-js; McInnes, Healy & Melville 2018)
 * with 15 neighbours, started from `seed`. Null where the images do not differ.
 */
export function layOut({ unit, dimensions }: Vectors, images: readonly number[], seed: number): Layout | null {
  const rows = images.map((image) => Array.from(unit.subarray(image * dimensions, (image + 1) * dimensions)));
  const total = varianceOf(rows);
  if (images.length < 3 || dimensions < 2 || total < 1e-12) return null;
  const components = new PCA(rows, { method: 'NIPALS', nCompNIPALS: 2 }).predict(rows, { nComponents: 2 }).to2DArray();
  const pca = components.map(([x = 0, y = 0]): [number, number] => [x, y]);
  if (pca.some((point) => !point.every(Number.isFinite))) return null;
  const umap = images.length < UMAP_LEAST ? null : umapOf(rows, seed);
  return { images, pca: placed(pca), explained: varianceOf(pca) / total, umap: umap && placed(umap) };
}

function umapOf(rows: number[][], seed: number): [number, number][] {
  const random = seededDraws(seed);
  const umap = new UMAP({ nComponents: 2, nNeighbors: Math.min(15, rows.length - 1), minDist: 0.25, random });
  return umap.fit(rows).map(([x = 0, y = 0]) => [x, y]);
}

/** The sum over the columns of their variances. */
function varianceOf(rows: readonly (readonly number[])[]): number {
  let sum = 0;
  for (let column = 0; column < (rows[0]?.length ?? 0); column++) {
    const mean = rows.reduce((total, row) => total + (row[column] as number), 0) / rows.length;
    sum += rows.reduce((total, row) => total + ((row[column] as number) - mean) ** 2, 0) / rows.length;
  }
  return sum;
}

/** Put into the unit square, with a rim so that a picture in the outermost place lies inside. */
function placed(points: readonly (readonly [number, number])[]): Plane {
  const range = (axis: 0 | 1) => {
    const values = points.map((point) => point[axis]);
    const low = Math.min(...values);
    return { low, extent: Math.max(...values) - low || 1 };
  };
  const [x, y] = [range(0), range(1)];
  const within = (value: number, { low, extent }: { low: number; extent: number }) => 0.03 + (0.94 * (value - low)) / extent;
  return {
    points: points.map((point): [number, number] => [within(point[0], x), within(point[1], y)]),
    aspect: Math.min(2, Math.max(0.75, x.extent / y.extent)),
  };
}
