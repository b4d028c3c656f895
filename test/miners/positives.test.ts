/** Triplets over the positives alone are those over every row. */
import { describe, expect, it } from 'vitest';
import { pairwiseDistances } from '../../src/losses/distances.js';
import { tripletLoss } from '../../src/losses/triplet.js';
import { pml } from '../../src/miners/pml.js';
import { atMost, everyRow, type Positives } from '../../src/miners/positives.js';
import { type Miner, miners } from '../../src/miners/registry.js';
import { tfa } from '../../src/miners/tfa.js';
import { tfsim } from '../../src/miners/tfsim.js';
import { vggface } from '../../src/miners/vggface.js';
import { type Tensor1D, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';

const MARGIN = 0.4;
const every: [string, Miner][] = [...miners, ['pml', pml], ['tfa', tfa], ['tfsim', tfsim], ['vggface', vggface]];
/** Classes out of order, of 3 images; and with classes of 1 to 3, so that places stay empty. */
const batches = { full: [4, 7, 4, 9, 7, 9, 9, 4, 7, 1, 1, 1], uneven: [4, 7, 4, 9, 7, 2, 9, 4, 5, 1, 1, 1] };

function measure(miner: Miner, classes: number[], places: (labels: Tensor1D) => Positives) {
  return tf.tidy(() => {
    const labels = tf.tensor1d(classes, 'int32');
    const positives = places(labels);
    const x = tf.randomNormal([classes.length, 5], 0, 0.4, 'float32', 3) as Tensor2D;
    const lossOf = (rows: Tensor2D) => {
      const distances = pairwiseDistances(rows, 'euclidean');
      return tripletLoss(distances, miner(distances, labels, MARGIN, positives), MARGIN, 'kept', positives);
    };
    const { loss, kept, active } = lossOf(x);
    const gradient = tf.grad((rows) => lossOf(rows as Tensor2D).loss)(x);
    return {
      shape: miner(pairwiseDistances(x, 'euclidean'), labels, MARGIN, positives).shape,
      figures: [loss, kept, active].map((one) => one.dataSync()[0] as number),
      gradient: [...gradient.dataSync()],
    };
  });
}

describe.each(every)('%s', (_name, miner) => {
  it.each(Object.entries(batches))(
    'keeps the same triplets of a batch of %s classes, for the same loss and gradient',
    (_batch, classes) => {
      const [all, few] = [measure(miner, classes, everyRow), measure(miner, classes, (labels) => atMost(labels, 2))];
      expect([all.shape, few.shape]).toEqual([
        [12, 12, 12],
        [12, 2, 12],
      ]);
      expect(few.figures[1]).toBeGreaterThan(0);
      few.figures.forEach((figure, at) => expect(figure).toBeCloseTo(all.figures[at] as number, 5));
      few.gradient.forEach((slope, at) => expect(slope).toBeCloseTo(all.gradient[at] as number, 5));
    },
  );
});

describe('the positives of an anchor', () => {
  it('stand in the order of their rows, and go back to their columns', () => {
    tf.tidy(() => {
      const labels = tf.tensor1d([4, 7, 4, 9, 4], 'int32');
      const positives = atMost(labels, 2);
      const columns = tf.tile(tf.reshape(tf.range(0, 5, 1, 'float32'), [1, 5]), [5, 1]) as Tensor2D;
      expect(positives.present.arraySync()).toEqual([
        [1, 1],
        [0, 0],
        [1, 1],
        [0, 0],
        [1, 1],
      ]);
      expect(positives.of(columns).arraySync()).toEqual([
        [2, 4],
        [0, 0],
        [0, 4],
        [0, 0],
        [0, 2],
      ]);
      expect(positives.spread(tf.add(positives.of(columns), 10)).arraySync()).toEqual([
        [0, 0, 12, 0, 14],
        [0, 0, 0, 0, 0],
        [10, 0, 0, 0, 14],
        [0, 0, 0, 0, 0],
        [10, 0, 12, 0, 0],
      ]);
    });
  });
});
