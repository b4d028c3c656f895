/**
 * Where a place of the view lies in the image, both in [−1, 1] from edge to edge:
 * (x′, y′) = (a·x + b·y + c, d·x + e·y + f), as PyTorch's `affine_grid(align_corners=False)`.
 */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/**
 * The map that looks a place up through `inner` first, then through `outer`. Of two changes to an image the earlier one is the
 * outer map: the view of a turned crop asks where the turned place lies, then where that lies in the crop.
 */
export function compose(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = outer;
  const [g, h, i, j, k, l] = inner;
  return [a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f];
}

/** Mirrored top to bottom. */
export const UPSIDE_DOWN: Affine = [1, 0, 0, 0, -1, 0];

/**
 * The same between pixels: pixel (j, i) of the view, counted to the right and down, lies at (a·j + b·i + c, d·j + e·i + f) of the image. Pixel
 * j has its centre at x = (2j + 1)/side − 1; a place x lies at pixel ((x + 1)·side − 1)/2.
 */
export function inPixels([a, b, c, d, e, f]: Affine, side: number): Affine {
  const half = (1 - side) / 2;
  return [a, b, a * half + b * half + (c * side) / 2 - half, d, e, d * half + e * half + (f * side) / 2 - half];
}
