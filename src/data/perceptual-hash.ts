/**
 * The perceptual hash of an image: 64 bits that change little when it is compressed, resized or made lighter. Grey at 32 × 32,
 * cosine transform, and for each of the 8 × 8 lowest frequencies whether it is above their median (Zauner 2010,
 * "Implementation and benchmarking of perceptual image hash functions", §3.2; `phash` of the Python package imagehash).
 * It is computed from the square pixels that are decoded for training anyway, so no file is read again.
 */

const gridSide = 32;
const lowest = 8;

/** `cosines[k · 32 + i]` = cos(π k (2i + 1) / 64), the lowest 8 rows of the DCT-II. */
const cosines = Float64Array.from({ length: lowest * gridSide }, (_, at) => {
  const [k, i] = [Math.floor(at / gridSide), at % gridSide];
  return Math.cos((Math.PI * k * (2 * i + 1)) / (2 * gridSide));
});

/**
 * Grey levels at cells × cells, row-major, of side × side RGB bytes: the mean luma (BT.601) of the area below each cell; a side
 * below `cells` gives each cell the pixel that it lies in.
 */
export function greyGrid(pixels: Uint8Array, side: number, cells = gridSide): Float64Array {
  const rows = new Float64Array(side * cells);
  const weights = areaWeights(side, cells);
  for (let y = 0; y < side; y++) {
    for (const { cell, pixel, weight } of weights) {
      const at = (y * side + pixel) * 3;
      const luma = 0.299 * (pixels[at] as number) + 0.587 * (pixels[at + 1] as number) + 0.114 * (pixels[at + 2] as number);
      rows[y * cells + cell] = (rows[y * cells + cell] as number) + weight * luma;
    }
  }
  const grid = new Float64Array(cells * cells);
  for (const { cell, pixel, weight } of weights) {
    for (let x = 0; x < cells; x++) {
      const at = cell * cells + x;
      grid[at] = (grid[at] as number) + weight * (rows[pixel * cells + x] as number);
    }
  }
  return grid;
}

interface AreaWeight {
  readonly cell: number;
  readonly pixel: number;
  readonly weight: number;
}

const knownWeights = new Map<string, readonly AreaWeight[]>();

/** How much of each cell's stretch lies on each pixel; the weights of a cell add up to 1. */
function areaWeights(side: number, cells: number): readonly AreaWeight[] {
  const known = knownWeights.get(`${side}/${cells}`);
  if (known !== undefined) return known;
  const weights: AreaWeight[] = [];
  for (let cell = 0; cell < cells; cell++) {
    const from = (cell * side) / cells;
    const to = ((cell + 1) * side) / cells;
    for (let pixel = Math.floor(from); pixel < to; pixel++) {
      const weight = (Math.min(to, pixel + 1) - Math.max(from, pixel)) / (to - from);
      if (weight > 1e-12) weights.push({ cell, pixel, weight });
    }
  }
  knownWeights.set(`${side}/${cells}`, weights);
  return weights;
}

/** The hash of a 32 × 32 grey grid as two words of 32 bits: rows of frequencies 0–3, then 4–7; the first frequency is the highest bit. */
export function hashOfGrid(grid: Float64Array): [number, number] {
  const along = new Float64Array(gridSide * lowest);
  for (let y = 0; y < gridSide; y++) {
    for (let k = 0; k < lowest; k++) {
      let sum = 0;
      for (let x = 0; x < gridSide; x++) sum += (grid[y * gridSide + x] as number) * (cosines[k * gridSide + x] as number);
      along[y * lowest + k] = sum;
    }
  }
  const low = new Float64Array(lowest * lowest);
  for (let k = 0; k < lowest; k++) {
    for (let x = 0; x < lowest; x++) {
      let sum = 0;
      for (let y = 0; y < gridSide; y++) sum += (along[y * lowest + x] as number) * (cosines[k * gridSide + y] as number);
      low[k * lowest + x] = sum;
    }
  }
  const sorted = low.slice().sort();
  const median = ((sorted[31] as number) + (sorted[32] as number)) / 2;
  const words: [number, number] = [0, 0];
  low.forEach((value, at) => {
    if (value > median) words[at >> 5] = ((words[at >> 5] as number) | (1 << (31 - (at & 31)))) >>> 0;
  });
  return words;
}

/** The perceptual hash of side × side RGB bytes. */
export function perceptualHash(pixels: Uint8Array, side: number): [number, number] {
  return hashOfGrid(greyGrid(pixels, side));
}

/** How many of two 32-bit words' bits differ. */
export function differingBits(a: number, b: number): number {
  let bits = a ^ b;
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
