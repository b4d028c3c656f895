import { type Affine, compose, inPixels, UPSIDE_DOWN } from './augment-affine.js';
import { cropAffine, drawCrop } from './augment-crop.js';
import { drawErasure } from './augment-erase.js';
import type { AugmentOptions } from './augment-options.js';
import { drawRandAugment } from './augment-rand.js';
import { applyStep, type ViewStep } from './augment-steps.js';
import { type RandomStream, randomStream } from './random.js';

export type { AugmentOptions } from './augment-options.js';

/** One drawn view. */
export interface AugmentDraw {
  readonly affine: Affine;
  /** Added, in units of 128 grey levels. */
  readonly brightness: number;
  /** Factor about the mean of the view. */
  readonly contrast: number;
  /** Factor about each pixel's grey (the mean of its three channels). */
  readonly saturation: number;
  /** What follows, one after the other; absent: nothing. */
  readonly steps?: readonly ViewStep[];
}

/** What a draw is made for. */
export interface DrawnFor {
  /** Pixels of the view's side: erasing is in whole pixels. */
  readonly side: number;
  /** Width : height of the image before it was stretched to a square. */
  readonly aspect: number;
}

/**
 * Draws one view. `place` is the image's place in the epoch's sequence, not its number in the data set: an image that comes
 * twice in a batch gets two views, and no view depends on which worker draws it. Each kind of change draws from a stream of its
 * own: switching one on leaves the draws of the others as they were.
 */
export function drawAugmentation(
  options: AugmentOptions,
  seed: number,
  epoch: number,
  place: number,
  { side, aspect }: DrawnFor = { side: 1, aspect: 1 },
): AugmentDraw {
  const { flipVertical = 0, hue = 0, grey = 0 } = options;
  let { affine, ...colours } = drawFrom(options, randomStream(seed, 'augment', place, epoch));
  const steps: ViewStep[] = [];
  if (options.crop) {
    affine = compose(cropAffine(drawCrop(options.crop, aspect, randomStream(seed, 'augment-crop', place, epoch))), affine);
  }
  if (flipVertical > 0 && randomStream(seed, 'augment-vertical', place, epoch).uniform() < flipVertical) {
    affine = compose(affine, UPSIDE_DOWN);
  }
  if (hue > 0 || grey > 0) {
    const stream = randomStream(seed, 'augment-colour', place, epoch);
    const turn = stream.between(-hue, hue);
    if (hue > 0) steps.push({ name: 'hue', turn });
    if (stream.uniform() < grey) steps.push({ name: 'grey' });
  }
  if (options.randAugment) {
    const drawn = drawRandAugment(options.randAugment, randomStream(seed, 'augment-rand', place, epoch));
    affine = drawn.maps.reduce(compose, affine);
    steps.push(...drawn.steps);
  }
  if (options.blur) {
    const stream = randomStream(seed, 'augment-blur', place, epoch);
    const { probability, sigma } = options.blur;
    if (stream.uniform() < probability) steps.push({ name: 'blur', sigma: stream.between(sigma[0], sigma[1]) });
  }
  if (options.erase) {
    const erasure = drawErasure(options.erase, side, randomStream(seed, 'augment-erase', place, epoch));
    if (erasure !== undefined) steps.push({ name: 'erase', ...erasure });
  }
  return { affine, ...colours, ...(steps.length === 0 ? {} : { steps }) };
}

function drawFrom(options: AugmentOptions, stream: RandomStream): AugmentDraw {
  const { aspect, colour, rotation, shift } = options;
  const angle = (stream.between(-rotation, rotation) * Math.PI) / 180;
  const scale = stream.between(options.scale[0], options.scale[1]);
  const width = scale * Math.exp(stream.between(-aspect, aspect));
  const height = scale * Math.exp(stream.between(-aspect, aspect));
  const mirror = stream.uniform() < options.flip ? -1 : 1;
  const right = stream.between(-shift, shift);
  const down = stream.between(-shift, shift);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return {
    affine: [cos * width * mirror, -sin * height, right, sin * width * mirror, cos * height, down],
    brightness: stream.between(-colour, colour),
    contrast: stream.between(1 - colour, 1 + colour),
    saturation: stream.between(1 - colour, 1 + colour),
  };
}

let scratch = new Float32Array(0);

/**
 * Renders one view of an RGB image (side × side × 3 bytes, rows first) into `target` (as long). The image is sampled
 * bilinearly, its border goes on for ever; then saturation, contrast about the mean of the view, brightness, and rounding to
 * the nearest byte. The same arithmetic as the PyTorch peer's on (v − 127) / 128, in grey levels: all its steps are affine.
 * Then, on bytes, the steps that the draw holds.
 */
export function augment(source: Uint8Array, side: number, draw: AugmentDraw, target: Uint8Array): void {
  const size = side * side * 3;
  if (scratch.length < size) scratch = new Float32Array(size);
  const view = scratch;
  const mean = sample(source, side, draw.affine, view) / size;
  // grey + (v − grey)·s, then mean + (· − mean)·k + b: one factor for the channel, one for the pixel's grey, one offset.
  const { contrast, saturation } = draw;
  const own = saturation * contrast;
  const grey = ((1 - saturation) * contrast) / 3;
  const offset = mean * (1 - contrast) + draw.brightness * 128;
  const bytes = new Uint8ClampedArray(target.buffer, target.byteOffset, size); // clamps and rounds on its own
  for (let i = 0; i < size; i += 3) {
    const r = view[i] as number;
    const g = view[i + 1] as number;
    const b = view[i + 2] as number;
    const base = (r + g + b) * grey + offset;
    bytes[i] = r * own + base;
    bytes[i + 1] = g * own + base;
    bytes[i + 2] = b * own + base;
  }
  if (draw.steps !== undefined) {
    const whole = target.subarray(0, size);
    for (const step of draw.steps) applyStep(whole, side, step);
  }
}

/** Bilinear sampling of the affine map, border padding, `align_corners=False`. Gives back the sum of all values. */
function sample(source: Uint8Array, side: number, affine: AugmentDraw['affine'], view: Float32Array): number {
  const [a, b, x0, d, e, y0] = inPixels(affine, side);
  const last = side - 1;
  const row = side * 3;
  let sum = 0;
  let out = 0;
  for (let i = 0; i < side; i++) {
    const xRow = b * i + x0;
    const yRow = e * i + y0;
    for (let j = 0; j < side; j++) {
      let x = a * j + xRow;
      let y = d * j + yRow;
      x = x < 0 ? 0 : x > last ? last : x;
      y = y < 0 ? 0 : y > last ? last : y;
      const left = x | 0;
      const top = y | 0;
      const u = x - left;
      const v = y - top;
      const p = top * row + left * 3;
      const right = left < last ? 3 : 0;
      const down = top < last ? row : 0;
      const w11 = u * v;
      const w01 = u - w11;
      const w10 = v - w11;
      const w00 = 1 - u - w10;
      const q = p + down;
      const red =
        w00 * (source[p] as number) +
        w01 * (source[p + right] as number) +
        w10 * (source[q] as number) +
        w11 * (source[q + right] as number);
      const green =
        w00 * (source[p + 1] as number) +
        w01 * (source[p + right + 1] as number) +
        w10 * (source[q + 1] as number) +
        w11 * (source[q + right + 1] as number);
      const blue =
        w00 * (source[p + 2] as number) +
        w01 * (source[p + right + 2] as number) +
        w10 * (source[q + 2] as number) +
        w11 * (source[q + right + 2] as number);
      view[out] = red;
      view[out + 1] = green;
      view[out + 2] = blue;
      out += 3;
      sum += red + green + blue;
    }
  }
  return sum;
}
