import { UserError } from '../errors.js';
import { randomStream, shuffle, shuffleInPlace } from './random.js';
import { indexClasses, membersOf } from './samplers-classes.js';

/**
 * One epoch of shuffled batches. The last, partial batch is dropped (`⌊n / batch⌋` batches) so that every step has the same
 * shape; with fewer images than one batch there is one smaller batch. A pure function of its arguments: an epoch that is
 * cut short is taken up at any step.
 */
export function shuffledBatches(samples: Int32Array, batch: number, seed: number, epoch: number): Int32Array[] {
  const order = shuffle(samples.length, seed, epoch).map((place) => samples[place] as number);
  const size = Math.min(batch, samples.length);
  return Array.from({ length: stepsOfShuffled(samples.length, batch) }, (_, step) => order.slice(step * size, (step + 1) * size));
}

/** Batches that `shuffledBatches` makes of n images. */
export function stepsOfShuffled(n: number, batch: number): number {
  return n === 0 ? 0 : Math.max(1, Math.floor(n / batch));
}

/** Batches that `pkBatches` makes of n images: about as many images as there are. */
export function stepsOfPk(n: number, classesPerBatch: number, imagesPerClass: number): number {
  return Math.max(1, Math.round(n / (classesPerBatch * imagesPerClass)));
}

/**
 * One epoch of P×K batches: P different classes, K images of each one after the other. Every class comes once before any
 * comes twice; a class with fewer than K images gives each of them before it repeats one. `labels[i]` is the class of `samples[i]`.
 * Sampling as in FaceNet (Schroff et al. 2015, §3.2) and "In Defense of the Triplet Loss" (Hermans et al. 2017, §2).
 * @throws UserError as `checkPk`
 */
export function pkBatches(
  samples: Int32Array,
  labels: Int32Array,
  classesPerBatch: number,
  imagesPerClass: number,
  seed: number,
  epoch: number,
): Int32Array[] {
  checkPk(labels, classesPerBatch, imagesPerClass);
  const index = indexClasses(samples, labels);
  const classes = [...index.labels.keys()];
  const classStream = randomStream(seed, 'classes-of-batches', epoch);
  const imageStream = randomStream(seed, 'images-of-batches', epoch);
  let queue: number[] = [];
  let at = 0;
  return Array.from({ length: stepsOfPk(samples.length, classesPerBatch, imagesPerClass) }, () => {
    if (queue.length - at < classesPerBatch) {
      // What is left of the round goes first and is left out of the next one, so that a batch never has a class twice.
      const rest = queue.slice(at);
      const left = new Set(rest);
      queue = rest.concat(shuffleInPlace([...classes], classStream).filter((place) => !left.has(place)));
      at = 0;
    }
    const taken = queue.slice(at, at + classesPerBatch);
    at += classesPerBatch;
    return Int32Array.from(
      taken.flatMap((place) => {
        const images: number[] = [];
        while (images.length < imagesPerClass) images.push(...shuffleInPlace(membersOf(index, place).slice(), imageStream));
        return images.slice(0, imagesPerClass);
      }),
    );
  });
}

/** Refuses a P×K sampler that can never make a triplet, before anything is trained. */
export function checkPk(labels: Int32Array, classesPerBatch: number, imagesPerClass: number): void {
  const classes = new Set(labels).size;
  const never = 'the sampler can never make a triplet';
  if (imagesPerClass < 2) {
    throw new UserError({
      what: `${never}: with ${imagesPerClass} image a class no anchor has a positive`,
      expected: 'imagesPerClass of 2 or more',
      found: String(imagesPerClass),
    });
  }
  if (classesPerBatch < 2) {
    throw new UserError({
      what: `${never}: with ${classesPerBatch} class a batch no anchor has a negative`,
      expected: 'classesPerBatch of 2 or more',
      found: String(classesPerBatch),
    });
  }
  if (classesPerBatch > classes) {
    throw new UserError({
      what: 'the batch asks for more classes than there are to train on',
      expected: `classesPerBatch of ${classes} or less`,
      found: String(classesPerBatch),
      ...(classes < 2 ? {} : { mend: `set triplet.classesPerBatch to ${classes}` }),
    });
  }
}
