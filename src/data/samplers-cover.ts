import { type RandomStream, randomStream, shuffleInPlace } from './random.js';
import { checkPk } from './samplers.js';
import { type Arrangement, arrange } from './samplers-arrange.js';
import { type ClassIndex, indexClasses, membersOf, sizeOf } from './samplers-classes.js';

/** Which classes meet in a batch; null: chance alone. */
export interface LevelMeeting {
  /** The coarser level of each class, by the class's label: any whole numbers. */
  readonly levelOf: (label: number) => number;
  /** Share of a batch's classes that are of one level, as long as it has so many left. */
  readonly share: number;
}

/**
 * P×K batches that draw every image of an epoch where class sizes allow it. A class of n images gives ⌈n/K⌉ groups of K different
 * images: the last one is filled up from the others; a class smaller than K gives one group in which its images repeat, each time as
 * another view. B = max(1, ⌈Σ⌈n/K⌉ / P⌉) batches of P different classes. So a class can give B groups at most: of a larger one the
 * images take turns, and all have been drawn after ⌈n/(B·K)⌉ epochs. Places that are left over in the B batches are given out
 * class by class, at random. Nothing is dropped.
 *
 * P×K as in FaceNet (Schroff et al. 2015, §3.2) and "In Defense of the Triplet Loss" (Hermans et al. 2017, §2).
 *
 * @returns the batches of an epoch, a pure function of (seed, epoch); the grouping by class is made once
 * @throws UserError as `checkPk`
 */
export function coveringBatches(
  samples: Int32Array,
  labels: Int32Array,
  classesPerBatch: number,
  imagesPerClass: number,
  meeting: LevelMeeting | null = null,
): (seed: number, epoch: number) => Int32Array[] {
  checkPk(labels, classesPerBatch, imagesPerClass);
  const index = indexClasses(samples, labels);
  const steps = stepsOfCover(index, classesPerBatch, imagesPerClass);
  const arrangement = arrangementOf(index, meeting, classesPerBatch);
  return (seed, epoch) => {
    const order = randomStream(seed, 'classes-of-batches', epoch);
    const groups = groupsOf(index, steps, classesPerBatch, imagesPerClass, order);
    const images = randomStream(seed, 'images-of-batches', epoch);
    // The images of all groups, class after class; `next` is where a class's next group stands.
    const drawn = new Int32Array(steps * classesPerBatch * imagesPerClass);
    const next = new Int32Array(groups.length);
    let at = 0;
    groups.forEach((count, place) => {
      next[place] = at;
      const end = at + count * imagesPerClass;
      drawImages(drawn.subarray(at, end), membersOf(index, place), imagesPerClass, images, {
        order: () => randomStream(seed, 'order-of-class', index.labels[place]),
        epoch,
      });
      at = end;
    });
    return arrange(groups, steps, classesPerBatch, arrangement, order).map((places) => {
      const batch = new Int32Array(places.length * imagesPerClass);
      places.forEach((place, i) => {
        const from = next[place] as number;
        batch.set(drawn.subarray(from, from + imagesPerClass), i * imagesPerClass);
        next[place] = from + imagesPerClass;
      });
      return batch;
    });
  };
}

/** Batches of an epoch of `coveringBatches`. */
export function stepsOfCover(index: ClassIndex, classesPerBatch: number, imagesPerClass: number): number {
  let groups = 0;
  for (let place = 0; place < index.labels.length; place++) groups += Math.ceil(sizeOf(index, place) / imagesPerClass);
  return Math.max(1, Math.ceil(groups / classesPerBatch));
}

/** Groups that each class gives in an epoch: as many as it needs, at most one a batch, and what is left over in turns. */
function groupsOf(
  index: ClassIndex,
  steps: number,
  classesPerBatch: number,
  imagesPerClass: number,
  stream: RandomStream,
): Int32Array {
  const groups = Int32Array.from(index.labels, (_, place) => Math.min(steps, Math.ceil(sizeOf(index, place) / imagesPerClass)));
  let open = steps * classesPerBatch - groups.reduce((sum, count) => sum + count, 0);
  while (open > 0) {
    const turn = shuffleInPlace(
      Int32Array.from(groups.keys()).filter((place) => (groups[place] as number) < steps),
      stream,
    );
    for (const place of turn.subarray(0, open)) groups[place] = (groups[place] as number) + 1;
    open -= Math.min(open, turn.length);
  }
  return groups;
}

/** Fills `drawn` with groups of K images of one class, one after the other. */
function drawImages(
  drawn: Int32Array,
  all: Int32Array,
  imagesPerClass: number,
  stream: RandomStream,
  turns: { readonly order: () => RandomStream; readonly epoch: number },
): void {
  if (drawn.length < all.length) {
    // More images than an epoch has places for: a window moves over one order of them, so that all have their turn.
    const order = shuffleInPlace(all.slice(), turns.order());
    const start = turns.epoch * drawn.length;
    for (let i = 0; i < drawn.length; i++) drawn[i] = order[(start + i) % order.length] as number;
    shuffleInPlace(drawn, stream);
    return;
  }
  const order = shuffleInPlace(all.slice(), stream);
  drawn.set(order);
  let filled = order.length;
  const ofWholeGroups = filled - (filled % imagesPerClass);
  if (filled > ofWholeGroups) {
    // The group that takes the rest goes on with images that it does not hold yet: those of the groups before.
    const others = shuffleInPlace(order.slice(0, ofWholeGroups), stream);
    filled = fill(drawn, filled, ofWholeGroups + imagesPerClass, others);
  }
  // A class smaller than K repeats its images in turns; further groups are drawn anew.
  while (filled < drawn.length) {
    const groupEnd = filled - (filled % imagesPerClass) + imagesPerClass;
    filled = fill(drawn, filled, groupEnd, shuffleInPlace(all.slice(), stream));
  }
}

/** Copies from `images` into the places up to `end`, as far as they last. */
function fill(drawn: Int32Array, from: number, end: number, images: Int32Array): number {
  const count = Math.min(end - from, images.length);
  drawn.set(images.subarray(0, count), from);
  return from + count;
}

function arrangementOf(index: ClassIndex, meeting: LevelMeeting | null, classesPerBatch: number): Arrangement {
  const places = Int32Array.from(index.labels.keys());
  if (meeting === null) return { places, kin: null, together: 0 };
  const levels = Int32Array.from(index.labels, meeting.levelOf);
  places.sort((a, b) => (levels[a] as number) - (levels[b] as number) || a - b);
  // The range of each class's level in that order.
  const from = new Int32Array(places.length);
  const to = new Int32Array(places.length);
  for (let start = 0; start < places.length; ) {
    let end = start;
    const level = levels[places[start] as number];
    while (end < places.length && levels[places[end] as number] === level) end++;
    from.fill(start, start, end);
    to.fill(end, start, end);
    start = end;
  }
  return { places, kin: { from, to }, together: Math.round(meeting.share * classesPerBatch) };
}
