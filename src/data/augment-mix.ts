import { type RandomStream, randomStream, shuffleInPlace } from './random.js';
import { gammaDraw } from './random-gamma.js';

/** Each image of a batch is mixed with another of it, and so is its label. With both alphas, a coin decides between them. */
export interface MixOptions {
  /** Share of the batches that are mixed. */
  readonly probability: number;
  /** α of mixup's Beta(α, α); null: no mixup. */
  readonly mixup: number | null;
  /** α of CutMix's Beta(α, α); null: no CutMix. */
  readonly cutmix: number | null;
}

/** How one batch is mixed. */
export interface Mix {
  /** Place in the batch of the image that each one is mixed with: a permutation. */
  readonly partners: Int32Array;
  /** Share of its own label that an image keeps; the rest is its partner's. 1: nothing is mixed. */
  readonly lambda: number;
  /** CutMix: the pixels that come from the partner. null: mixup, all pixels are blended. */
  readonly box: PixelBox | null;
}

export interface PixelBox {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Draws how a batch is mixed, a pure function of (seed, epoch, place of the batch's first image). λ ~ Beta(α, α), one for the
 * batch (Zhang et al. 2018, "mixup", §3: it is as good as one for each image); CutMix (Yun et al. 2019, §3.1): a box of √(1 − λ)
 * of each side around a uniform centre, cut at the border, and λ set to the share of pixels that stay.
 */
export function drawMix(options: MixOptions, seed: number, epoch: number, first: number, batch: number, side: number): Mix {
  const stream = randomStream(seed, 'mix', first, epoch);
  const identity = Int32Array.from({ length: batch }, (_, i) => i);
  const mixed = stream.uniform() < options.probability;
  const alpha = chooseAlpha(options, stream);
  if (!mixed || alpha === null) return { partners: identity, lambda: 1, box: null };
  const share = betaDraw(alpha.value, stream);
  const partners = shuffleInPlace(identity, stream);
  if (alpha.of === 'mixup') return { partners, lambda: share, box: null };
  const box = cutBox(share, side, stream);
  return { partners, lambda: 1 - (box.height * box.width) / (side * side), box };
}

function chooseAlpha(
  { mixup, cutmix }: MixOptions,
  stream: RandomStream,
): { readonly of: 'mixup' | 'cutmix'; readonly value: number } | null {
  const first = stream.uniform() < 0.5;
  if (mixup !== null && (cutmix === null || first)) return { of: 'mixup', value: mixup };
  return cutmix === null ? null : { of: 'cutmix', value: cutmix };
}

/** Beta(α, α) as X / (X + Y) of two gamma draws. */
function betaDraw(alpha: number, stream: RandomStream): number {
  const x = gammaDraw(alpha, stream);
  const y = gammaDraw(alpha, stream);
  // Both can vanish for a tiny α, where Beta is a coin between 0 and 1.
  return x + y > 0 ? x / (x + y) : Math.round(stream.uniform());
}

function cutBox(lambda: number, side: number, stream: RandomStream): PixelBox {
  const length = Math.floor(side * Math.sqrt(1 - lambda));
  const centreX = stream.below(side);
  const centreY = stream.below(side);
  const from = (centre: number) => Math.max(0, centre - (length >> 1));
  const to = (centre: number) => Math.min(side, centre - (length >> 1) + length);
  return {
    left: from(centreX),
    top: from(centreY),
    width: to(centreX) - from(centreX),
    height: to(centreY) - from(centreY),
  };
}

/** The mixed batch: mixup in grey levels, λ·own + (1 − λ)·partner rounded to the nearest byte; CutMix by copying the box. */
export function mixPixels(
  pixels: Uint8Array<ArrayBuffer>,
  side: number,
  { partners, lambda, box }: Mix,
): Uint8Array<ArrayBuffer> {
  if (lambda === 1) return pixels;
  const bytes = side * side * 3;
  const mixed = pixels.slice();
  partners.forEach((partner, place) => {
    const own = place * bytes;
    const other = partner * bytes;
    if (box === null) {
      for (let i = 0; i < bytes; i++) {
        mixed[own + i] = lambda * (pixels[own + i] as number) + (1 - lambda) * (pixels[other + i] as number) + 0.5;
      }
      return;
    }
    for (let y = box.top; y < box.top + box.height; y++) {
      const at = (y * side + box.left) * 3;
      mixed.set(pixels.subarray(other + at, other + at + box.width * 3), own + at);
    }
  });
  return mixed;
}
