let rows = new Float32Array(0);

/**
 * Gaussian blur in place, σ in pixels of the view: weights e^(−k²/2σ²), k = −r … r with r = ⌈3σ⌉ (at least 1, at most side − 1),
 * normalised; first along the rows, then along the columns; the image is mirrored at its outermost pixels. As torchvision's
 * `gaussian_blur` with a kernel of 2r + 1.
 */
export function blur(bytes: Uint8Array, side: number, sigma: number): void {
  const radius = Math.min(side - 1, Math.max(1, Math.ceil(3 * sigma)));
  const weights = halfKernel(sigma, radius);
  if (rows.length < bytes.length) rows = new Float32Array(bytes.length);
  const row = side * 3;
  // One row with its mirrored ends, so that the inner loop asks nothing.
  const padded = new Float32Array((side + 2 * radius) * 3);
  for (let y = 0; y < side; y++) {
    for (let x = -radius; x < side + radius; x++) {
      const from = y * row + mirror(x, side) * 3;
      const to = (x + radius) * 3;
      padded[to] = bytes[from] as number;
      padded[to + 1] = bytes[from + 1] as number;
      padded[to + 2] = bytes[from + 2] as number;
    }
    addUp(rows, y * row, row, weights, (k, part) => {
      part.low = (radius - k) * 3;
      part.high = (radius + k) * 3;
      return padded;
    });
  }
  const sums = new Float32Array(row);
  for (let y = 0; y < side; y++) {
    addUp(sums, 0, row, weights, (k, part) => {
      part.low = mirror(y - k, side) * row;
      part.high = mirror(y + k, side) * row;
      return rows;
    });
    for (let i = 0; i < row; i++) bytes[y * row + i] = (sums[i] as number) + 0.5;
  }
}

/** target[at + i] = w₀·s[low₀ + i] + Σ wₖ·(s[lowₖ + i] + s[highₖ + i]): the kernel is as wide to both sides. */
function addUp(
  target: Float32Array,
  at: number,
  length: number,
  weights: Float64Array,
  place: (k: number, part: { low: number; high: number }) => Float32Array,
): void {
  const part = { low: 0, high: 0 };
  for (let k = 0; k < weights.length; k++) {
    const source = place(k, part);
    const { low, high } = part;
    const weight = weights[k] as number;
    if (k === 0) for (let i = 0; i < length; i++) target[at + i] = weight * (source[low + i] as number);
    else {
      for (let i = 0; i < length; i++) {
        target[at + i] = (target[at + i] as number) + weight * ((source[low + i] as number) + (source[high + i] as number));
      }
    }
  }
}

/** The weights from the middle outwards. */
function halfKernel(sigma: number, radius: number): Float64Array {
  const weights = Float64Array.from({ length: radius + 1 }, (_, k) => Math.exp(-(k * k) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, weight, k) => sum + (k === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / total);
}

function mirror(place: number, side: number): number {
  if (side === 1) return 0;
  const back = place < 0 ? -place : place;
  return back < side ? back : 2 * (side - 1) - back;
}
