/** What d(a,p) < d(a,n) without an upper bound does, measured; docs/semi-hard.md holds the same numbers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pairwiseDistances, unitLength } from '../../src/losses/distances.js';
import { type TripletReduction, tripletLoss } from '../../src/losses/triplet.js';
import { type MinerName, miners } from '../../src/miners/registry.js';
import { createOptimizer } from '../../src/optimizers/registry.js';
import { type Tensor, type Tensor2D, tf } from '../../src/runtime/tensorflow.js';
import { maskOf, mine } from '../miners/brute-force.js';
import { measure, norm } from './measure.js';
import { classesOf, type Synthetic, uniform } from './synthetic.js';

const docs = readFileSync(new URL('../../docs/semi-hard.md', import.meta.url), 'utf8');
const MARGIN = 0.2;
// The tighter the classes, the later in a training this is.
const stages = [2, 1.5, 1.2, 1, 0.8].map((noise) => ({ noise, batch: classesOf(16, 4, 32, noise, 7) }));
const on = ({ embeddings, labels }: Synthetic, miner: MinerName, reduction: TripletReduction) =>
  measure(embeddings, labels, { miner, distance: 'euclidean', reduction, margin: MARGIN });

describe.each(stages)('the naive rule on 16 × 4 embeddings, spread of a class $noise', ({ noise, batch }) => {
  it('has exactly the semi-hard loss and gradient under a mean over the non-zero terms', () => {
    const semiHard = on(batch, 'semi-hard', 'non-zero');
    const naive = on(batch, 'naive', 'non-zero');
    expect(naive.loss).toBe(semiHard.loss);
    expect(naive.gradient).toEqual(semiHard.gradient);
    expect(naive.active).toBe(semiHard.active);
    expect(naive.kept).toBeGreaterThan(semiHard.kept);
  });

  it('is diluted by the easy triplets under a mean over the kept ones, in the loss and in the gradient alike', () => {
    const semiHard = on(batch, 'semi-hard', 'kept');
    const naive = on(batch, 'naive', 'kept');
    const dilution = naive.kept / naive.active;
    expect(semiHard.kept).toBe(semiHard.active);
    expect(naive.active).toBe(semiHard.active);
    expect(semiHard.loss / naive.loss / dilution).toBeCloseTo(1, 4);
    expect(norm(semiHard.gradient) / norm(naive.gradient) / dilution).toBeCloseTo(1, 4);
    const number = (value: number): string => value.toLocaleString('en-US');
    const losses = `${semiHard.loss.toFixed(4)} | ${naive.loss.toFixed(4)}`;
    expect(docs).toContain(
      `| ${noise} | ${number(semiHard.kept)} | ${number(naive.kept)} | ${losses} | ${dilution.toFixed(1)} |`,
    );
  });
});

describe('the naive rule over a training', () => {
  it('is diluted more the better the embedding gets', () => {
    const dilutions = stages.map(({ batch }) => {
      const { kept, active } = on(batch, 'naive', 'kept');
      return kept / active;
    });
    for (let i = 1; i < dilutions.length; i++) expect(dilutions[i]!).toBeGreaterThan(dilutions[i - 1]!);
  });

  it('walks the semi-hard path bit for bit under non-zero, and leaves several times as many triplets unsolved under kept', () => {
    const semiHard = train('semi-hard', 'kept');
    expect(train('naive', 'non-zero')).toEqual(semiHard);
    expect(train('naive', 'kept').unsolved).toBeGreaterThan(3 * semiHard.unsolved);
  });

  it('is not semi-hard under non-zero either, once the triplets were chosen by stale distances', () => {
    const now = classesOf(16, 4, 32, 1.2, 7);
    const draw = uniform(11);
    const stale = now.embeddings.map((row) => row.map((value) => value + 4 * (draw() - 0.5)));
    const active = (miner: MinerName): number =>
      tf.tidy(() => {
        const old = pairwiseDistances(unitLength(tf.tensor2d(stale)), 'euclidean').arraySync();
        const mask = tf.tensor3d(maskOf(mine(miner, old, now.labels, MARGIN), 64), [64, 64, 64]);
        return tripletLoss(
          pairwiseDistances(unitLength(tf.tensor2d(now.embeddings)), 'euclidean'),
          mask,
          MARGIN,
          'non-zero',
        ).active.dataSync()[0]!;
      });
    expect(active('naive')).toBeGreaterThan(1.1 * active('semi-hard'));
  });
});

/** 40 steps of SGD on a linear embedding of one batch; how many valid triplets still cost something, and the last weights. */
function train(miner: MinerName, reduction: TripletReduction): { unsolved: number; weights: number[][] } {
  const { embeddings, labels } = classesOf(16, 4, 32, 1.2, 7);
  return tf.tidy(() => {
    const [rows, classes] = [tf.tensor2d(embeddings), tf.tensor1d(labels, 'int32')];
    const optimizer = createOptimizer({ name: 'sgd', momentum: 0.9 });
    const draw = uniform(3);
    let weights: Tensor = tf.tensor2d(Array.from({ length: 32 }, () => Array.from({ length: 16 }, () => (draw() - 0.5) / 4)));
    let slots = Object.fromEntries(
      optimizer.slots([32, 16]).map((slot) => [slot.suffix, tf.fill([32, 16], slot.fill) as Tensor]),
    );
    const distancesOf = (w: Tensor): Tensor2D => pairwiseDistances(unitLength(tf.matMul(rows, w as Tensor2D)), 'euclidean');
    const gradient = tf.grad((w) => {
      const distances = distancesOf(w);
      return tripletLoss(distances, miners.get(miner)!(distances, classes, MARGIN), MARGIN, reduction).loss;
    });
    for (let step = 1; step <= 40; step++) {
      ({ value: weights, slots } = optimizer.update({
        value: weights,
        gradient: gradient(weights),
        slots,
        rate: tf.scalar(0.1),
        multiplier: 1,
        weightDecay: 0,
        step: tf.scalar(step),
      }));
    }
    const distances = distancesOf(weights);
    const { active } = tripletLoss(distances, miners.get('all')!(distances, classes, MARGIN), MARGIN, 'kept');
    return { unsolved: active.dataSync()[0]!, weights: weights.arraySync() as number[][] };
  });
}
