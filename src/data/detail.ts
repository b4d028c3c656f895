/**
 * Whether two pictures agree in their detail. Grey levels at 32 × 32 follow the light and the outline: two garments on one floor
 * reach .97. What lies finer than that, seams, prints, folds, the grain of a floor, is another in another photo, and survives
 * compression, scaling, recolouring and a crop.
 */
import { type Frame, type GreyGrid, mirror, moveEdges, type Overlay, samplesOf } from './alignment.js';

/** Cells along a side of the grids whose detail is compared: seldom more than a training image has pixels. */
export const detailSide = 64;

/** Samples along a side of a comparison. */
const count = 48;
/** Samples to each side of one that make its neighbourhood: 5 × 5 with itself. */
const radius = 2;
/** Parts along a side that are compared by themselves. */
const partsAlong = 4;
/** Root mean square, in grey levels, from which a part has detail: below it is what compression left. */
const faintest = 1;

const whole: Frame = [0, 0, detailSide, detailSide];

/**
 * Lower quartile, over the parts (4 × 4) of the overlap that have detail, of the correlation of the two pictures' detail: three
 * quarters of the parts agree at least as well, so that neither a common background nor a common outline is enough. Detail is the
 * grey level less the mean of its 5 × 5 neighbourhood. The overlay is first moved to where the detail agrees best as a whole.
 * @param a detailSide × detailSide grey levels of the picture that `overlay` has as the first
 * @returns −1 to 1; 0 where no part has detail, because then nothing speaks for a copy
 */
export function detailAgreement(a: GreyGrid, b: GreyGrid, { frame, firstIsSmaller, mirrored }: Overlay): number {
  const other = mirrored ? mirror(b, detailSide) : b;
  const [large, small] = firstIsSmaller ? [other, a] : [a, other];
  const target = detailOf(samplesOf(small, whole, count, detailSide));
  let best = { score: Number.NEGATIVE_INFINITY, detail: target };
  const attempt = (place: Frame): boolean => {
    const detail = detailOf(samplesOf(large, place, count, detailSide));
    const score = alike(detail, target, everySample);
    if (score <= best.score) return false;
    best = { score, detail };
    return true;
  };
  const start = frame.map((share) => share * detailSide) as unknown as Frame;
  attempt(start);
  moveEdges(start, detailSide, attempt);
  const scores = parts.filter((part) => hasDetail(best.detail, part) || hasDetail(target, part));
  const ascending = scores.map((part) => alike(best.detail, target, part)).sort((x, y) => x - y);
  return ascending[Math.floor(ascending.length / 4)] ?? 0;
}

const everySample = Int32Array.from({ length: count * count }, (_, at) => at);

/** The samples of each part. */
const parts: readonly Int32Array[] = Array.from({ length: partsAlong ** 2 }, (_, part) => {
  const length = count / partsAlong;
  const [down, along] = [Math.floor(part / partsAlong) * length, (part % partsAlong) * length];
  return Int32Array.from({ length: length ** 2 }, (__, at) => (down + Math.floor(at / length)) * count + along + (at % length));
});

function hasDetail(detail: Float64Array, part: Int32Array): boolean {
  let squares = 0;
  for (const at of part) squares += (detail[at] as number) ** 2;
  return squares >= faintest ** 2 * part.length;
}

/** Cosine of two pictures' detail, which is about zero in the mean, over some samples; 0 where one of them has none. */
function alike(a: Float64Array, b: Float64Array, samples: Int32Array): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < samples.length; i++) {
    const at = samples[i] as number;
    const x = a[at] as number;
    const y = b[at] as number;
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  const squares = squareA * squareB;
  return squares > 0 ? product / Math.sqrt(squares) : 0;
}

/** count × count samples less the mean of their neighbourhoods, which end at the border. */
function detailOf(samples: Float64Array): Float64Array {
  const across = runningMeans(samples, 1, count);
  const means = runningMeans(across, count, 1);
  return samples.map((value, at) => value - (means[at] as number));
}

/** Means over 2 · radius + 1 samples along one direction: `step` between neighbours, `stride` between lines. */
function runningMeans(values: Float64Array, step: number, stride: number): Float64Array {
  const means = new Float64Array(values.length);
  for (let line = 0; line < count; line++) {
    const start = line * stride;
    let sum = 0;
    for (let i = 0; i < radius; i++) sum += values[start + i * step] as number;
    for (let i = 0; i < count; i++) {
      if (i + radius < count) sum += values[start + (i + radius) * step] as number;
      if (i - radius > 0) sum -= values[start + (i - radius - 1) * step] as number;
      means[start + i * step] = sum / (Math.min(count - 1, i + radius) - Math.max(0, i - radius) + 1);
    }
  }
  return means;
}
