import type { Affine } from './augment-affine.js';
import type { RandomStream } from './random.js';

/** A part of the image takes the place of the whole. */
export interface CropOptions {
  /** Range of its area, as a share of the image's. */
  readonly area: readonly [low: number, high: number];
  /** Range of its width : height in the image as it was before it was stretched to a square. */
  readonly ratio: readonly [low: number, high: number];
}

/** A box in shares of the image's width and height. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const TRIES = 10;

/**
 * Draws a crop by the rule of torchvision's `RandomResizedCrop` (Szegedy et al. 2015, "Going deeper with convolutions", §6): up to
 * ten times an area, uniform, and a ratio, log-uniform; the first that fits is placed uniformly. If none fits, the largest
 * crop in the middle whose ratio lies in the range. `aspect` is the width : height of the image before it was stretched to the
 * square that is cached, so that a ratio of 1 is a square of the photo. Not rounded to whole pixels.
 */
export function drawCrop(options: CropOptions, aspect: number, stream: RandomStream): Box {
  const { area, ratio } = options;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const share = stream.between(area[0], area[1]);
    const drawn = Math.exp(stream.between(Math.log(ratio[0]), Math.log(ratio[1])));
    // In pixels: w·h = share·W·H and w/h = drawn, so w/W = √(share·drawn·H/W) and h/H = √(share·(W/H)/drawn).
    const width = Math.sqrt((share * drawn) / aspect);
    const height = Math.sqrt((share * aspect) / drawn);
    if (width <= 1 && height <= 1) {
      return { left: stream.uniform() * (1 - width), top: stream.uniform() * (1 - height), width, height };
    }
  }
  const width = Math.min(1, ratio[1] / aspect);
  const height = Math.min(1, aspect / ratio[0]);
  return { left: (1 - width) / 2, top: (1 - height) / 2, width, height };
}

/** The view that shows what lies in the box. */
export function cropAffine({ left, top, width, height }: Box): Affine {
  return [width, 0, 2 * left + width - 1, 0, height, 2 * top + height - 1];
}
