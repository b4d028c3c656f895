import { type DecodedDataset, repairPixels } from '../data/pixel-cache.js';
import { DamagedPixels, openPixels } from '../data/pixels.js';
import type { Progress } from '../progress.js';
import type { FeatureSource } from '../train/features.js';

/**
 * The pixels of a decoded data set, to compute features from. An image whose cached bytes are damaged is decoded again, and
 * `progress` says so. `close` lets go of the file.
 */
export function pixelSource(
  decoded: DecodedDataset,
  dimensions: number,
  progress: Progress,
): { source: FeatureSource; close: () => void } {
  const store = openPixels(decoded.storePath);
  const { samples } = decoded.dataset;
  const source: FeatureSource = {
    async read(sample, target) {
      try {
        store.read(sample, target);
      } catch (error) {
        if (!(error instanceof DamagedPixels)) throw error;
        await repairPixels(decoded, sample);
        progress.line(`the cached pixels of ${samples[sample]?.file} were damaged: decoded again`);
        store.read(sample, target);
      }
    },
    labelOf: (sample) => samples[sample]?.class as number,
    side: store.side,
    dimensions,
  };
  return { source, close: () => store.close() };
}
