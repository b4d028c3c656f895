import type { CropOptions } from './augment-crop.js';
import type { EraseOptions } from './augment-erase.js';
import type { RandAugmentOptions } from './augment-rand.js';

/**
 * How far one view of an image may differ from it. All zeros and scale [1, 1]: not at all. What has a `?` is off where it is
 * left out, null or 0. The order is fixed: a crop, the zoom, stretch, rotation and shift, flips and RandAugment's geometry, all in one
 * sampling; brightness, contrast and saturation; hue; grey; RandAugment's colours in the order drawn; blur; erasing.
 */
export interface AugmentOptions {
  /** Probability of a mirrored image. */
  readonly flip: number;
  /** Probability of an image upside down. */
  readonly flipVertical?: number;
  /** A random part in place of the whole image. Zoom, stretch, rotation and shift then are of that part. */
  readonly crop?: CropOptions | null;
  /** Range of the zoom: the seen width as a share of the image's; above 1 zooms out, below 1 crops in. */
  readonly scale: readonly [low: number, high: number];
  /** Width and height are each stretched by e^u, u uniform in ±aspect. */
  readonly aspect: number;
  /** Degrees to either side. */
  readonly rotation: number;
  /** In half widths (half heights), to either side. */
  readonly shift: number;
  /** Brightness ± colour · 128 grey levels, contrast and saturation × (1 ± colour). */
  readonly colour: number;
  /** The hue is turned by up to this share of the circle to either side. */
  readonly hue?: number;
  /** Probability of a grey image. */
  readonly grey?: number;
  readonly randAugment?: RandAugmentOptions | null;
  readonly blur?: BlurOptions | null;
  readonly erase?: EraseOptions | null;
}

/** Gaussian blur of some of the views. */
export interface BlurOptions {
  readonly probability: number;
  /** Range of σ in pixels of the view. */
  readonly sigma: readonly [low: number, high: number];
}
