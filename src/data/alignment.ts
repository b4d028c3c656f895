/**
 * Whether two pictures are the same but for a crop, a mirroring, a scale or their light: one is laid over the other at many places
 * and sizes, and the best correlation counts. Features of a network cannot tell this (two heaps of limes are as alike as a lime and its
 * crop), pixels can.
 */

/** Cells along a side of the grids that are compared. */
export const alignSide = 32;

/** Grey levels at 32 × 32, row-major. */
export type GreyGrid = Uint8Array | Float64Array;

/** How one picture lies on the other. */
export interface Alignment {
  /** Pearson correlation of the grey levels where they overlap, −1 to 1; 0 where one of them is blank. */
  readonly correlation: number;
  /** Share of the larger picture's area that the smaller one shows: 1 where neither is cropped. */
  readonly area: number;
  readonly mirrored: boolean;
}

/** Samples along a side of a comparison: few while places are tried, more for the figure that counts. */
const coarse = 12;
const fine = 28;
/** Sides of the crops that are tried, in shares of the whole. */
const scales = [1, 0.9, 0.8, 0.7];

/** A rectangle of a grid, in cells. */
type Frame = readonly [left: number, top: number, right: number, bottom: number];
const whole: Frame = [0, 0, alignSide, alignSide];

/** The best of all ways to lay one grid on the other. */
export function align(a: GreyGrid, b: GreyGrid): Alignment {
  const flipped = mirror(b);
  let best: Alignment = { correlation: Number.NEGATIVE_INFINITY, area: 1, mirrored: false };
  for (const mirrored of [false, true]) {
    const other = mirrored ? flipped : b;
    for (const [large, small] of [
      [a, other],
      [other, a],
    ] as const) {
      const frame = search(large, small);
      const correlation = compare(large, frame, small, fine);
      if (correlation > best.correlation) best = { correlation, area: areaOf(frame) / areaOf(whole), mirrored };
    }
  }
  return best;
}

/** Tries the places of `scales`, then moves the best frame's edges while that helps. */
function search(large: GreyGrid, small: GreyGrid): Frame {
  let best = whole;
  let score = Number.NEGATIVE_INFINITY;
  const target = samplesOf(small, whole, coarse);
  const attempt = (frame: Frame) => {
    const value = correlate(samplesOf(large, frame, coarse), target);
    if (value <= score) return false;
    score = value;
    best = frame;
    return true;
  };
  for (const scale of scales) {
    const length = scale * alignSide;
    const spare = alignSide - length;
    const steps = Math.ceil(spare / 1.6);
    for (let y = 0; y <= steps; y++) {
      for (let x = 0; x <= steps; x++) {
        const left = steps === 0 ? 0 : (spare * x) / steps;
        const top = steps === 0 ? 0 : (spare * y) / steps;
        attempt([left, top, left + length, top + length]);
      }
    }
  }
  for (let step = 1; step >= 0.25; step /= 2) {
    for (let moved = true; moved; ) {
      moved = false;
      for (let edge = 0; edge < 4; edge++) {
        for (const by of [-step, step]) {
          const frame = best.map((place, at) => (at === edge ? place + by : place)) as unknown as Frame;
          if (isAllowed(frame) && attempt(frame)) moved = true;
        }
      }
    }
  }
  return best;
}

/** Inside the grid, and not so small that anything would match something. */
function isAllowed([left, top, right, bottom]: Frame): boolean {
  const least = 0.6 * alignSide;
  return left >= 0 && top >= 0 && right <= alignSide && bottom <= alignSide && right - left >= least && bottom - top >= least;
}

function areaOf([left, top, right, bottom]: Frame): number {
  return (right - left) * (bottom - top);
}

function compare(large: GreyGrid, frame: Frame, small: GreyGrid, count: number): number {
  return correlate(samplesOf(large, frame, count), samplesOf(small, whole, count));
}

/** count × count bilinear samples of a frame, at the centres of its equal parts. */
function samplesOf(grid: GreyGrid, [left, top, right, bottom]: Frame, count: number): Float64Array {
  const samples = new Float64Array(count * count);
  const last = alignSide - 1;
  const columns = new Int32Array(count);
  const shares = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const x = Math.min(last, Math.max(0, left + ((i + 0.5) * (right - left)) / count - 0.5));
    columns[i] = Math.min(last - 1, Math.floor(x));
    shares[i] = x - (columns[i] as number);
  }
  for (let j = 0; j < count; j++) {
    const y = Math.min(last, Math.max(0, top + ((j + 0.5) * (bottom - top)) / count - 0.5));
    const row = Math.min(last - 1, Math.floor(y));
    const v = y - row;
    for (let i = 0; i < count; i++) {
      const at = row * alignSide + (columns[i] as number);
      const u = shares[i] as number;
      const upper = (grid[at] as number) * (1 - u) + (grid[at + 1] as number) * u;
      const lower = (grid[at + alignSide] as number) * (1 - u) + (grid[at + alignSide + 1] as number) * u;
      samples[j * count + i] = upper * (1 - v) + lower * v;
    }
  }
  return samples;
}

/** Pearson's correlation; 0 where either hardly varies (less than a grey level). */
function correlate(a: Float64Array, b: Float64Array): number {
  const count = a.length;
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < count; i++) {
    meanA += a[i] as number;
    meanB += b[i] as number;
  }
  meanA /= count;
  meanB /= count;
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < count; i++) {
    const x = (a[i] as number) - meanA;
    const y = (b[i] as number) - meanB;
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA < count || squareB < count ? 0 : product / Math.sqrt(squareA * squareB);
}

function mirror(grid: GreyGrid): GreyGrid {
  return grid.map((_, at) => grid[at - (at % alignSide) + (alignSide - 1 - (at % alignSide))] as number);
}
