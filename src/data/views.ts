import { randomStream } from './random.js';

/**
 * Which view of each image the places of an epoch's batches show, where every image has a fixed number of views: they take turns
 * over the epochs, each image beginning with one of its own, and an image that comes again within the epoch shows its next one.
 * So `views` epochs that draw an image once each show all of its views once. A pure function of its arguments.
 *
 * @param views views of an image, at least 1
 */
export function viewsOfEpoch(batches: readonly Int32Array[], epoch: number, views: number, seed: number): Int32Array[] {
  const drawn = new Map<number, number>();
  return batches.map((indices) =>
    indices.map((image) => {
      const before = drawn.get(image) ?? 0;
      drawn.set(image, before + 1);
      return (randomStream(seed, 'views', image).below(views) + epoch + before) % views;
    }),
  );
}
