import type { RandomStream } from './random.js';

/** A rectangle is put over a part of the view. */
export interface EraseOptions {
  /** Share of the views that it happens to. */
  readonly probability: number;
  /** Range of its area, as a share of the view's. */
  readonly area: readonly [low: number, high: number];
  /** Range of its height : width. */
  readonly ratio: readonly [low: number, high: number];
  /** What it is filled with: the mean colour of the view, black, or random bytes. */
  readonly fill: EraseFill;
}

export type EraseFill = 'mean' | 'black' | 'noise';

/** A rectangle in whole pixels of a view of `side` pixels, and what fills it. */
export interface Erasure {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** height × width × 3 bytes, or the mean colour of the view. */
  readonly fill: Uint8Array | 'mean';
}

const TRIES = 10;

/**
 * Draws a rectangle by the rule of torchvision's `RandomErasing` (Zhong et al. 2017, "Random erasing data augmentation", algorithm 1):
 * up to ten times an area, uniform, and a ratio, log-uniform; the first that is smaller than the view, rounded to whole pixels,
 * is placed uniformly. undefined where the draw says so or none fits.
 */
export function drawErasure(options: EraseOptions, side: number, stream: RandomStream): Erasure | undefined {
  if (stream.uniform() >= options.probability) return undefined;
  const { area, ratio } = options;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pixels = side * side * stream.between(area[0], area[1]);
    const drawn = Math.exp(stream.between(Math.log(ratio[0]), Math.log(ratio[1])));
    const height = Math.round(Math.sqrt(pixels * drawn));
    const width = Math.round(Math.sqrt(pixels / drawn));
    if (height >= side || width >= side || height < 1 || width < 1) continue;
    const top = stream.below(side - height + 1);
    const left = stream.below(side - width + 1);
    return { top, left, height, width, fill: filling(options.fill, height * width * 3, stream) };
  }
  return undefined;
}

function filling(fill: EraseFill, bytes: number, stream: RandomStream): Uint8Array | 'mean' {
  switch (fill) {
    case 'mean':
      return 'mean';
    case 'black':
      return new Uint8Array(bytes);
    case 'noise': {
      // Byte by byte, so that a machine of the other byte order draws the same.
      const filled = new Uint8Array(bytes);
      for (let i = 0; i < bytes; i += 4) {
        const word = stream.word();
        for (let j = 0; j < 4 && i + j < bytes; j++) filled[i + j] = word >>> (8 * j);
      }
      return filled;
    }
  }
}

/** Puts the rectangle over the view, in place. */
export function erase(bytes: Uint8Array, side: number, { top, left, height, width, fill }: Erasure): void {
  const patch = fill === 'mean' ? plain(meanColour(bytes), height * width) : fill;
  const run = width * 3;
  for (let y = 0; y < height; y++) {
    bytes.set(patch.subarray(y * run, (y + 1) * run), ((top + y) * side + left) * 3);
  }
}

function meanColour(bytes: Uint8Array): readonly [number, number, number] {
  let r = 0;
  let g = 0;
  let b = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    r += bytes[i] as number;
    g += bytes[i + 1] as number;
    b += bytes[i + 2] as number;
  }
  const pixels = bytes.length / 3;
  return [Math.round(r / pixels), Math.round(g / pixels), Math.round(b / pixels)];
}

function plain([r, g, b]: readonly [number, number, number], pixels: number): Uint8Array {
  const patch = new Uint8Array(pixels * 3);
  for (let i = 0; i < patch.length; i += 3) {
    patch[i] = r;
    patch[i + 1] = g;
    patch[i + 2] = b;
  }
  return patch;
}
