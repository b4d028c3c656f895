import { randomStream, shuffleInPlace } from './random.js';
import { stepsOfShuffled } from './samplers.js';
import { indexClasses, membersOf } from './samplers-classes.js';

/**
 * Shuffled batches in which every class comes equally often. An epoch is as long as a shuffled one: B = max(1, ⌊n/batch⌋) batches of
 * S = min(batch, n) images. Each of C classes gives ⌊B·S/C⌋ of these images or one more, drawn by lot. A small class repeats
 * its images, each as often as the others or once more; of a large one the images take turns from epoch to epoch.
 *
 * @returns the batches of an epoch, a pure function of (seed, epoch)
 */
export function balancedBatches(
  samples: Int32Array,
  labels: Int32Array,
  batch: number,
): (seed: number, epoch: number) => Int32Array[] {
  const index = indexClasses(samples, labels);
  const classes = index.labels.length;
  const steps = stepsOfShuffled(samples.length, batch);
  const size = Math.min(batch, samples.length);
  const total = steps * size;
  const least = Math.floor(total / classes);
  return (seed, epoch) => {
    const lots = shuffleInPlace(Int32Array.from(index.labels.keys()), randomStream(seed, 'classes-of-batches', epoch));
    const images = randomStream(seed, 'images-of-batches', epoch);
    const drawn = new Int32Array(total);
    let at = 0;
    lots.forEach((place, turn) => {
      const quota = least + (turn < total % classes ? 1 : 0);
      // A window over one order of the class; it starts anew no later than where the last epoch's ended, so none is passed over.
      const order = shuffleInPlace(membersOf(index, place).slice(), randomStream(seed, 'order-of-class', index.labels[place]));
      const start = epoch * Math.max(1, least);
      for (let i = 0; i < quota; i++) drawn[at++] = order[(start + i) % order.length] as number;
    });
    shuffleInPlace(drawn, images);
    return Array.from({ length: steps }, (_, step) => drawn.slice(step * size, (step + 1) * size));
  };
}
