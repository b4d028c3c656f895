/**
 * The colour operations of RandAugment on RGB bytes, each bit for bit what Pillow gives for the same parameter (`ImageEnhance` and
 * `ImageOps`, which AutoAugment, torchvision and timm call on photos). All change `bytes` in place.
 */

/** Pillow's grey of a pixel: ITU-R 601-2 in 16-bit fixed point. */
export function luma(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
}

/** `Image.blend`: from + factor·(value − from) in float32, cut to [0, 255], its fraction cut off. */
function blend(from: number, value: number, factor: number): number {
  const mixed = Math.fround(from + Math.fround(factor * (value - from)));
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : mixed | 0;
}

/** `ImageEnhance.Brightness`: 0 is black, 1 the image. */
export function brightness(bytes: Uint8Array, factor: number): void {
  if (factor === 1) return;
  const table = Uint8Array.from({ length: 256 }, (_, value) => blend(0, value, Math.fround(factor)));
  lookUp(bytes, table);
}

/** `ImageEnhance.Contrast`: 0 is the mean grey of the image, 1 the image. */
export function contrast(bytes: Uint8Array, factor: number): void {
  if (factor === 1) return;
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 3) sum += lumaAt(bytes, i);
  const mean = Math.floor(sum / (bytes.length / 3) + 0.5);
  const table = Uint8Array.from({ length: 256 }, (_, value) => blend(mean, value, Math.fround(factor)));
  lookUp(bytes, table);
}

/** `ImageEnhance.Color`: 0 is grey, 1 the image. */
export function colour(bytes: Uint8Array, factor: number): void {
  if (factor === 1) return;
  const single = Math.fround(factor);
  for (let i = 0; i < bytes.length; i += 3) {
    const grey = lumaAt(bytes, i);
    bytes[i] = blend(grey, bytes[i] as number, single);
    bytes[i + 1] = blend(grey, bytes[i + 1] as number, single);
    bytes[i + 2] = blend(grey, bytes[i + 2] as number, single);
  }
}

/** `ImageEnhance.Sharpness`: 0 is smoothed (3×3, the centre 5 of 13; the outermost pixels stay), 1 the image. */
export function sharpness(bytes: Uint8Array, side: number, factor: number): void {
  if (factor === 1) return;
  const single = Math.fround(factor);
  const row = side * 3;
  const before = bytes.slice();
  for (let y = 1; y < side - 1; y++) {
    for (let i = y * row + 3; i < (y + 1) * row - 3; i++) {
      const value = before[i] as number;
      let sum = 4 * value;
      for (let up = -row; up <= row; up += row) {
        sum += (before[i + up - 3] as number) + (before[i + up] as number) + (before[i + up + 3] as number);
      }
      bytes[i] = blend(Math.floor((2 * sum + 13) / 26), value, single);
    }
  }
}

/** `ImageOps.posterize`: the upper `bits` bits of each value. */
export function posterize(bytes: Uint8Array, bits: number): void {
  const mask = ~(2 ** (8 - bits) - 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) & mask;
}

/** `ImageOps.solarize`: values from the threshold on are turned round. */
export function solarize(bytes: Uint8Array, threshold: number): void {
  for (let i = 0; i < bytes.length; i++) {
    const value = bytes[i] as number;
    if (value >= threshold) bytes[i] = 255 - value;
  }
}

/** `ImageOps.autocontrast`: each channel is stretched to the whole range. */
export function autoContrast(bytes: Uint8Array): void {
  perChannel(bytes, (histogram) => {
    const low = histogram.findIndex((count) => count > 0);
    const high = histogram.findLastIndex((count) => count > 0);
    if (high <= low) return undefined;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return Uint8Array.from({ length: 256 }, (_, value) => Math.min(255, Math.max(0, Math.trunc(value * scale + offset))));
  });
}

/** `ImageOps.equalize`: each channel's values become about equally frequent. */
export function equalize(bytes: Uint8Array): void {
  perChannel(bytes, (histogram) => {
    const last = histogram.findLastIndex((count) => count > 0);
    const step = Math.floor((bytes.length / 3 - (histogram[last] as number)) / 255);
    if (step === 0) return undefined;
    let n = Math.floor(step / 2);
    return Uint8Array.from(histogram, (count) => {
      const value = Math.min(255, Math.floor(n / step));
      n += count;
      return value;
    });
  });
}

function lumaAt(bytes: Uint8Array, i: number): number {
  return luma(bytes[i] as number, bytes[i + 1] as number, bytes[i + 2] as number);
}

function lookUp(bytes: Uint8Array, table: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = table[bytes[i] as number] as number;
}

/** Each channel by its own table, made of its own histogram; none: the channel stays. */
function perChannel(bytes: Uint8Array, tableOf: (histogram: Int32Array) => Uint8Array | undefined): void {
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Int32Array(256);
    for (let i = channel; i < bytes.length; i += 3) {
      const value = bytes[i] as number;
      histogram[value] = (histogram[value] as number) + 1;
    }
    const table = tableOf(histogram);
    if (table === undefined) continue;
    for (let i = channel; i < bytes.length; i += 3) bytes[i] = table[bytes[i] as number] as number;
  }
}
