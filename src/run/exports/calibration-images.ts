import { randomStream, shuffleInPlace } from '../../data/random.js';
import type { CalibrationImages } from '../../export/calibration.js';
import type { FeatureSource } from '../../train/features.js';
import { pixelsOf } from './outputs.js';

/** Images that are looked at, unless told: ranges hardly move with more. */
export const CALIBRATION = 256;
/** Images a call: their maps, of every layer, are in memory at once. */
const BATCH = 8;

/** Up to `most` of some samples, drawn by the seed. */
export function calibrationImages(
  source: FeatureSource,
  samples: ArrayLike<number>,
  most: number,
  seed: number,
): CalibrationImages {
  const drawn = shuffleInPlace(Array.from(samples), randomStream(seed, 'calibration')).slice(0, most);
  return {
    side: source.side,
    count: drawn.length,
    async *batches() {
      for (let start = 0; start < drawn.length; start += BATCH) yield await pixelsOf(source, drawn.slice(start, start + BATCH));
    },
  };
}
