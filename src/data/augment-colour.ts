import { luma } from './augment-pillow.js';

/**
 * Turns the hue of each pixel, in place: RGB → HSV, hue + `turn` (in circles), → RGB, rounded; saturation and value stay. The formulae
 * of Python's `colorsys`, as in torchvision's `adjust_hue`.
 */
export function turnHue(bytes: Uint8Array, turn: number): void {
  for (let i = 0; i < bytes.length; i += 3) {
    const r = bytes[i] as number;
    const g = bytes[i + 1] as number;
    const b = bytes[i + 2] as number;
    const value = r > g ? (r > b ? r : b) : g > b ? g : b;
    const range = value - (r < g ? (r < b ? r : b) : g < b ? g : b);
    if (range === 0) continue;
    const sixth = value === r ? (g - b) / range : value === g ? 2 + (b - r) / range : 4 + (r - g) / range;
    const hue = sixth + 6 * turn;
    const turned = hue - 6 * Math.floor(hue / 6);
    // The channel n sixths before red falls from `value` by `range` where the hue is far from it (Smith 1978, in one formula).
    bytes[i] = channel(value, range, turned + 5);
    bytes[i + 1] = channel(value, range, turned + 3);
    bytes[i + 2] = channel(value, range, turned + 1);
  }
}

function channel(value: number, range: number, place: number): number {
  const k = place >= 6 ? place - 6 : place;
  const down = k < 4 - k ? k : 4 - k;
  return value - range * (down < 0 ? 0 : down > 1 ? 1 : down) + 0.5;
}

/** Makes the view grey, in place: three times Pillow's grey. */
export function makeGrey(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 3) {
    bytes.fill(luma(bytes[i] as number, bytes[i + 1] as number, bytes[i + 2] as number), i, i + 3);
  }
}
