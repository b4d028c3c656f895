/** What an image looks like at a glance, from its decoded pixels. All in grey levels, 0 to 255. */
export interface Appearance {
  /** Mean luma (BT.601). */
  readonly brightness: number;
  /** Standard deviation of the luma. */
  readonly contrast: number;
  /** Mean of max(R, G, B) − min(R, G, B): 0 for grey. */
  readonly chroma: number;
}

/** Looks at RGB bytes. */
export function appearanceOf(pixels: Uint8Array): Appearance {
  const count = pixels.length / 3;
  let sum = 0;
  let squares = 0;
  let chroma = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    const r = pixels[at] as number;
    const g = pixels[at + 1] as number;
    const b = pixels[at + 2] as number;
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    sum += luma;
    squares += luma * luma;
    chroma += Math.max(r, g, b) - Math.min(r, g, b);
  }
  const brightness = sum / count;
  return { brightness, contrast: Math.sqrt(Math.max(0, squares / count - brightness ** 2)), chroma: chroma / count };
}

/** Below these an image shows next to nothing. */
export const faintest = { brightness: 16, contrast: 5, chroma: 2 } as const;

/** Whether an image is of one colour, or nearly: a blank page, a covered lens. */
const isUniform = ({ contrast }: Appearance) => contrast < faintest.contrast;

/** Whether an image is almost black and yet shows something. */
const isDark = ({ brightness, contrast }: Appearance) => brightness < faintest.brightness && contrast >= 1;

/** Images whose pixels hardly differ, and that are not merely dark. */
export function nearlyUniform(looks: readonly Appearance[]): number[] {
  return where(looks, (look) => isUniform(look) && !isDark(look));
}

/** Images that are almost black, and not for being of one colour. */
export function tooDark(looks: readonly Appearance[]): number[] {
  return where(looks, isDark);
}

/** Grey images of classes (of at least `fewest` images) that are in colour, four of five or more: another source, a scan. */
export function greyInColourClasses(looks: readonly Appearance[], labels: ArrayLike<number>, fewest = 5): number[] {
  const isGrey = (index: number) => {
    const look = looks[index] as Appearance;
    return look.chroma < faintest.chroma && !isUniform(look) && !isDark(look);
  };
  const totals = new Map<number, { images: number; grey: number }>();
  looks.forEach((_, index) => {
    const total = totals.get(labels[index] as number) ?? { images: 0, grey: 0 };
    totals.set(labels[index] as number, { images: total.images + 1, grey: total.grey + (isGrey(index) ? 1 : 0) });
  });
  return where(looks, (_, index) => {
    const { images, grey } = totals.get(labels[index] as number) as { images: number; grey: number };
    return isGrey(index) && images >= fewest && grey <= images / 5;
  });
}

/** Width and height of an upright image as its file has it. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Images whose proportions differ from the set's usual ones by more than a factor: stretched to the same square, they are
 * distorted otherwise than all others. The usual proportions are the median of width / height; where a quarter of the images or more
 * differ that much there is no usual one, and none is named.
 * @returns indices, the most unusual first, and the usual width / height
 */
export function unusualProportions(
  frames: readonly (FrameSize | undefined)[],
  factor = 2,
): { outliers: number[]; usual: number } {
  const logs = frames.map((frame) => (frame === undefined ? Number.NaN : Math.log(frame.width / frame.height)));
  const known = logs.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (known.length === 0) return { outliers: [], usual: 1 };
  const usual = known[known.length >> 1] as number;
  const off = (index: number) => Math.abs((logs[index] as number) - usual);
  const outliers = where(logs, (value, index) => !Number.isNaN(value) && off(index) > Math.log(factor));
  return {
    outliers: outliers.length * 4 >= known.length ? [] : outliers.sort((a, b) => off(b) - off(a)),
    usual: Math.exp(usual),
  };
}

/** Images that have to be enlarged to less than half sharp: the shorter side is below half of what the network sees. */
export function tooSmall(frames: readonly (FrameSize | undefined)[], side: number): number[] {
  return where(frames, (frame) => frame !== undefined && 2 * Math.min(frame.width, frame.height) < side);
}

function where<T>(items: readonly T[], test: (item: T, index: number) => boolean): number[] {
  return items.flatMap((item, index) => (test(item, index) ? [index] : []));
}
