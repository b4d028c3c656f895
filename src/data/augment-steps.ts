import { blur } from './augment-blur.js';
import { makeGrey, turnHue } from './augment-colour.js';
import { type Erasure, erase } from './augment-erase.js';
import { autoContrast, brightness, colour, contrast, equalize, posterize, sharpness, solarize } from './augment-pillow.js';
import type { RandStep } from './augment-rand.js';

/** What may follow the sampling of a view, with the parameters that were drawn. */
export type ViewStep =
  | { readonly name: 'hue'; readonly turn: number }
  | { readonly name: 'grey' }
  | RandStep
  | { readonly name: 'blur'; readonly sigma: number }
  | ({ readonly name: 'erase' } & Erasure);

/** Changes a view of side × side × 3 bytes in place. */
export function applyStep(bytes: Uint8Array, side: number, step: ViewStep): void {
  switch (step.name) {
    case 'hue':
      turnHue(bytes, step.turn);
      break;
    case 'grey':
      makeGrey(bytes);
      break;
    case 'brightness':
      brightness(bytes, step.factor);
      break;
    case 'colour':
      colour(bytes, step.factor);
      break;
    case 'contrast':
      contrast(bytes, step.factor);
      break;
    case 'sharpness':
      sharpness(bytes, side, step.factor);
      break;
    case 'posterize':
      posterize(bytes, step.bits);
      break;
    case 'solarize':
      solarize(bytes, step.threshold);
      break;
    case 'auto-contrast':
      autoContrast(bytes);
      break;
    case 'equalize':
      equalize(bytes);
      break;
    case 'blur':
      blur(bytes, side, step.sigma);
      break;
    case 'erase':
      erase(bytes, side, step);
      break;
  }
}
