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

/** Where one picture lies in the other, for a closer look. */
export interface Overlay extends Alignment {
  /** The part of the larger picture that the smaller one shows, in shares of its side. */
  readonly frame: Frame;
  /** Whether the first picture is the smaller one. Where mirrored, it is the second that was turned over. */
  readonly firstIsSmaller: boolean;
}

/** Samples along a side of a comparison: few while places are tried, more for the figure that counts. */
const coarse = 12;
const fine = 28;
/** Sides of the crops that are tried, in shares of the whole. */
const scales = [1, 0.9, 0.8, 0.7];

/** A rectangle, in cells of a grid or in shares of a side. */
export type Frame = readonly [left: number, top: number, right: number, bottom: number];
const whole: Frame = [0, 0, alignSide, alignSide];

/** Coarse correlation below which a pair is given up: no moving of edges has lifted a pair so far. */
const hopeless = 0.6;

/** The best of all ways to lay one grid on the other: crops in the places of `scales` first, then the best one's edges are moved. */
export function align(a: GreyGrid, b: GreyGrid): Overlay {
  const flipped = mirror(b);
  const tries = [false, true].flatMap((mirrored) => {
    const other = mirrored ? flipped : b;
    return [coarseSearch(a, other, mirrored), coarseSearch(other, a, mirrored)];
  });
  const first = tries.reduce((best, one) => (one.score > best.score ? one : best));
  const { large, small, frame, mirrored } = first.score < hopeless ? first : climb(first);
  const correlation = correlate(samplesOf(large, frame, fine), samplesOf(small, whole, fine));
  const shares = frame.map((place) => place / alignSide) as unknown as Frame;
  return { correlation, area: areaOf(shares), mirrored, frame: shares, firstIsSmaller: small === a };
}

/** A grid laid on a frame of another one. */
interface Laid {
  readonly large: GreyGrid;
  readonly small: GreyGrid;
  readonly mirrored: boolean;
  frame: Frame;
  score: number;
}

const places: readonly Frame[] = scales.flatMap((scale) => {
  const length = scale * alignSide;
  const spare = alignSide - length;
  const steps = Math.ceil(spare / 1.6);
  const starts = Array.from({ length: steps + 1 }, (_, step) => (steps === 0 ? 0 : (spare * step) / steps));
  return starts.flatMap((top) => starts.map((left): Frame => [left, top, left + length, top + length]));
});

function coarseSearch(large: GreyGrid, small: GreyGrid, mirrored: boolean): Laid {
  const laid: Laid = { large, small, mirrored, frame: whole, score: Number.NEGATIVE_INFINITY };
  const target = samplesOf(small, whole, coarse);
  for (const frame of places) attempt(laid, frame, target);
  return laid;
}

function attempt(laid: Laid, frame: Frame, target: Float64Array): boolean {
  const score = correlate(samplesOf(laid.large, frame, coarse), target);
  if (score <= laid.score) return false;
  laid.score = score;
  laid.frame = frame;
  return true;
}

function climb(laid: Laid): Laid {
  const target = samplesOf(laid.small, whole, coarse);
  moveEdges(laid.frame, alignSide, (frame) => attempt(laid, frame, target));
  return laid;
}

/** Moves one edge of a frame at a time while that is better, by a cell of side × side, then by halves and quarters. */
export function moveEdges(from: Frame, side: number, isBetter: (frame: Frame) => boolean): Frame {
  let best = from;
  for (let step = 1; step >= 0.25; step /= 2) {
    for (let moved = true; moved; ) {
      moved = false;
      for (let edge = 0; edge < 4; edge++) {
        for (const by of [-step, step]) {
          const frame = best.map((place, at) => (at === edge ? place + by : place)) as unknown as Frame;
          if (!isAllowed(frame, side) || !isBetter(frame)) continue;
          best = frame;
          moved = true;
        }
      }
    }
  }
  return best;
}

/** Inside the grid, and not so small that anything would match something. */
function isAllowed([left, top, right, bottom]: Frame, side: number): boolean {
  const least = 0.6 * side;
  return left >= 0 && top >= 0 && right <= side && bottom <= side && right - left >= least && bottom - top >= least;
}

function areaOf([left, top, right, bottom]: Frame): number {
  return (right - left) * (bottom - top);
}

/** count × count bilinear samples of a frame of a side × side grid, at the centres of its equal parts. */
export function samplesOf(
  grid: GreyGrid,
  [left, top, right, bottom]: Frame,
  count: number,
  side: number = alignSide,
): Float64Array {
  const samples = new Float64Array(count * count);
  const last = side - 1;
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
      const at = row * side + (columns[i] as number);
      const u = shares[i] as number;
      const upper = (grid[at] as number) * (1 - u) + (grid[at + 1] as number) * u;
      const lower = (grid[at + side] as number) * (1 - u) + (grid[at + side + 1] as number) * u;
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

export function mirror(grid: GreyGrid, side: number = alignSide): GreyGrid {
  return grid.map((_, at) => grid[at - (at % side) + (side - 1 - (at % side))] as number);
}
