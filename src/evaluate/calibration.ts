import { UserError } from '../errors.js';

/** Images whose highest probability lies in (low, high]. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly images: number;
  /** Mean of the highest probabilities; 0 where there is no image. */
  readonly confidence: number;
  /** Share that was named right; 0 where there is no image. */
  readonly accuracy: number;
}

/** Whether a classifier's probabilities mean what they say. */
export interface CalibrationFigures {
  /** Expected calibration error: Σ (images of a bin / images) · |accuracy − confidence| (Guo et al. 2017, eq. 3). */
  readonly ece: number;
  /** Mean of −log p(right class), in nats. */
  readonly nll: number;
  /** Mean of Σ_c (p_c − [c is right])², from 0 to 2 (Brier 1950). */
  readonly brier: number;
  readonly bins: readonly ReliabilityBin[];
}

/** Bins of equal width, as Guo et al. take. */
const BINS = 15;

/**
 * How well the softmax of `logits` is calibrated. Computed from the logits in double precision, so that no probability underflows
 * on its way to a logarithm.
 *
 * @param logits row-major [images, classes]
 * @param truth index of each image's class
 * @throws UserError where there is no image, or a logit is no finite number
 */
export function calibration(
  logits: Float32Array | Float64Array,
  truth: ArrayLike<number>,
  classes: number,
  bins = BINS,
): CalibrationFigures {
  const images = truth.length;
  if (logits.length !== images * classes) throw new RangeError(`${logits.length} logits are not ${images} rows of ${classes}`);
  if (images === 0) throw new UserError({ what: 'there is no image to score a classifier on', mend: 'give at least one image' });
  const counts = new Int32Array(bins);
  const hits = new Int32Array(bins);
  const confidences = new Float64Array(bins);
  const probabilities = new Float64Array(classes);
  let nll = 0;
  let brier = 0;
  for (let row = 0; row < images; row++) {
    const label = truth[row] as number;
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new RangeError(`${label} is none of ${classes} classes`);
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    const { best, logSum } = softmax(scores, probabilities);
    nll += logSum - (scores[label] as number);
    for (let c = 0; c < classes; c++) brier += ((probabilities[c] as number) - (c === label ? 1 : 0)) ** 2;
    const confidence = probabilities[best] as number;
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1));
    counts[bin] = (counts[bin] as number) + 1;
    confidences[bin] = (confidences[bin] as number) + confidence;
    if (best === label) hits[bin] = (hits[bin] as number) + 1;
  }
  const reliability = Array.from({ length: bins }, (_, bin) => {
    const count = counts[bin] as number;
    const share = (sum: number) => (count === 0 ? 0 : sum / count);
    return {
      low: bin / bins,
      high: (bin + 1) / bins,
      images: count,
      confidence: share(confidences[bin] as number),
      accuracy: share(hits[bin] as number),
    };
  });
  const ece = reliability.reduce((sum, bin) => sum + (bin.images / images) * Math.abs(bin.accuracy - bin.confidence), 0);
  return { ece, nll: nll / images, brier: brier / images, bins: reliability };
}

/** Fills `into` with the softmax; gives the index of the first largest and log Σ exp. */
export function softmax(scores: Float32Array | Float64Array, into: Float64Array): { best: number; logSum: number } {
  let best = 0;
  for (let c = 0; c < scores.length; c++) {
    const score = scores[c] as number;
    if (!Number.isFinite(score)) {
      throw new UserError({
        what: `a score of the classifier is no finite number (${score})`,
        mend: 'the network has most likely diverged: lower `rate`, or freeze more',
      });
    }
    if (score > (scores[best] as number)) best = c;
  }
  const highest = scores[best] as number;
  let sum = 0;
  for (let c = 0; c < scores.length; c++) {
    into[c] = Math.exp((scores[c] as number) - highest);
    sum += into[c] as number;
  }
  for (let c = 0; c < scores.length; c++) into[c] = (into[c] as number) / sum;
  return { best, logSum: highest + Math.log(sum) };
}
