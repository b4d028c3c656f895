import type { Affine } from './augment-affine.js';
import type { RandomStream } from './random.js';

/** What RandAugment may draw. */
export const RAND_OPERATIONS = [
  'identity',
  'shear-x',
  'shear-y',
  'translate-x',
  'translate-y',
  'rotate',
  'brightness',
  'colour',
  'contrast',
  'sharpness',
  'posterize',
  'solarize',
  'auto-contrast',
  'equalize',
] as const;
export type RandOperation = (typeof RAND_OPERATIONS)[number];

/** RandAugment (Cubuk et al. 2019): some operations, each uniformly from a list, all at one strength. */
export interface RandAugmentOptions {
  /** How many are drawn for a view, with repeats. */
  readonly operations: number;
  /** Strength, 0 to 30. */
  readonly magnitude: number;
  readonly of: readonly RandOperation[];
}

/** A drawn operation with its parameter in the operation's own unit. */
export type RandStep =
  | { readonly name: 'brightness' | 'colour' | 'contrast' | 'sharpness'; readonly factor: number }
  | { readonly name: 'posterize'; readonly bits: number }
  | { readonly name: 'solarize'; readonly threshold: number }
  | { readonly name: 'auto-contrast' | 'equalize' };

/** Magnitudes are steps of 1/30 of an operation's range. */
const STEPS = 30;

/**
 * Draws the operations of a view, with the ranges of torchvision's `RandAugment`: shear to 0.3, translation to 150/331 of the side,
 * rotation to 30°, factors to 1 ± 0.9, posterize down to 4 bits, solarize from 255 down to 0; signs by a coin. The geometric ones
 * come as maps to be composed into the one sampling of the view; the others, in the order drawn, as steps after it.
 */
export function drawRandAugment(
  options: RandAugmentOptions,
  stream: RandomStream,
): { readonly maps: readonly Affine[]; readonly steps: readonly RandStep[] } {
  const maps: Affine[] = [];
  const steps: RandStep[] = [];
  for (let i = 0; i < options.operations; i++) {
    const name = options.of[stream.below(options.of.length)] as RandOperation;
    const sign = stream.uniform() < 0.5 ? 1 : -1;
    const drawn = randOperation(name, options.magnitude, sign);
    if (drawn === undefined) continue;
    if ('map' in drawn) maps.push(drawn.map);
    else steps.push(drawn.step);
  }
  return { maps, steps };
}

/**
 * An operation at a strength. Shears are about the top left corner, as AutoAugment's; a sign that an operation does not have is
 * passed over; undefined: nothing changes.
 */
export function randOperation(
  name: RandOperation,
  magnitude: number,
  sign: 1 | -1,
): { readonly map: Affine } | { readonly step: RandStep } | undefined {
  const share = magnitude / STEPS;
  const signed = sign * share;
  switch (name) {
    case 'identity':
      return undefined;
    case 'shear-x':
      return { map: [1, 0.3 * signed, 0.3 * signed, 0, 1, 0] };
    case 'shear-y':
      return { map: [1, 0, 0, 0.3 * signed, 1, 0.3 * signed] };
    case 'translate-x':
      return { map: [1, 0, (2 * 150 * signed) / 331, 0, 1, 0] };
    case 'translate-y':
      return { map: [1, 0, 0, 0, 1, (2 * 150 * signed) / 331] };
    case 'rotate': {
      const angle = (30 * signed * Math.PI) / 180;
      return { map: [Math.cos(angle), -Math.sin(angle), 0, Math.sin(angle), Math.cos(angle), 0] };
    }
    case 'brightness':
    case 'colour':
    case 'contrast':
    case 'sharpness':
      return { step: { name, factor: 1 + 0.9 * signed } };
    case 'posterize':
      return { step: { name, bits: 8 - Math.round(4 * share) } };
    case 'solarize':
      return { step: { name, threshold: 255 * (1 - share) } };
    case 'auto-contrast':
    case 'equalize':
      return { step: { name } };
  }
}
