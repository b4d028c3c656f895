let rows = new Float32Array(0);

/**
 * Gaussian blur in place, σ in pixels of the view: weights e^(−k²/2σ²), k = −r … r with r = ⌈3σ⌉ (at least 1, at most side − 1),
 * normalised; first along the rows, then along the columns; the image is mirrored at its outermost pixels. As torchvision's
 * `gaussian_blur` with a kernel of 2r + 1.
 */
export function blur(bytes: Uint8Array, side: number, sigma: number): void {
  const radius = Math.min(side - 1, Math.max(1, Math.ceil(3 * sigma)));
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] as number) / total;
  if (rows.length < bytes.length) rows = new Float32Array(bytes.length);
  const between = rows;
  const row = side * 3;
  // Where each place and its neighbours lie, once for the whole image: mirrored without repeating the edge.
  const mirrored = Int32Array.from({ length: side + 2 * radius }, (_, i) => mirror(i - radius, side));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let k = 0; k < weights.length; k++) {
        const weight = weights[k] as number;
        const p = y * row + (mirrored[x + k] as number) * 3;
        r += weight * (bytes[p] as number);
        g += weight * (bytes[p + 1] as number);
        b += weight * (bytes[p + 2] as number);
      }
      const q = y * row + x * 3;
      between[q] = r;
      between[q + 1] = g;
      between[q + 2] = b;
    }
  }
  for (let y = 0; y < side; y++) {
    for (let i = 0; i < row; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += (weights[k] as number) * (between[(mirrored[y + k] as number) * row + i] as number);
      }
      bytes[y * row + i] = sum + 0.5;
    }
  }
}

function mirror(place: number, side: number): number {
  if (side === 1) return 0;
  const back = place < 0 ? -place : place;
  return back < side ? back : 2 * (side - 1) - back;
}
