/** One triplet step on plain arrays: what the tests and the tables in docs/semi-hard.md are measured with. */
import { type DistanceName, pairwiseDistances, unitLength } from '../../src/losses/distances.js';
import { type TripletReduction, tripletLoss } from '../../src/losses/triplet.js';
import type { TripletComputation } from '../../src/losses/variants.js';
import { type MinerName, miners } from '../../src/miners/registry.js';
import { type Scalar, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';

export interface Setting {
  miner: MinerName;
  distance: DistanceName;
  reduction: TripletReduction;
  margin: number;
}
export interface Measured {
  loss: number;
  kept: number;
  active: number;
  gradient: number[][];
}

/** Loss and gradient by the un-normalised embeddings. */
export function measure(embeddings: number[][], labels: readonly number[], { miner, ...rest }: Setting): Measured {
  return measureComputation(embeddings, labels, { ...rest, miner: miners.get(miner)! });
}

/** The same for a selection of any kind. */
export function measureComputation(
  embeddings: number[][],
  labels: readonly number[],
  { miner, distance, reduction, margin }: TripletComputation & { margin: number },
): Measured {
  return tf.tidy(() => {
    const classes = tf.tensor1d([...labels], 'int32');
    let counts: [kept: Scalar, active: Scalar] | undefined;
    const { value, grad } = tf.valueAndGrad((x) => {
      const distances = pairwiseDistances(unitLength(x as Tensor2D), distance);
      const { loss, kept, active } = tripletLoss(distances, miner(distances, classes, margin), margin, reduction);
      counts = [tf.keep(kept), tf.keep(active)];
      return loss;
    })(tf.tensor2d(embeddings));
    const [kept, active] = counts!.map((count) => {
      const number = count.dataSync()[0]!;
      count.dispose();
      return number;
    }) as [number, number];
    return { loss: value.dataSync()[0]!, kept, active, gradient: grad.arraySync() as number[][] };
  });
}

/** ‖a − b‖ / max(‖b‖, 0.1) over all numbers: a gradient whose parts cancel to nothing has only the parts' rounding to compare. */
export function relativeError(a: number[][], b: number[][]): number {
  return norm(a.map((row, i) => row.map((value, k) => value - b[i]![k]!))) / Math.max(norm(b), 0.1);
}

export function norm(a: number[][]): number {
  return Math.sqrt(a.flat().reduce((sum, value) => sum + value * value, 0));
}
