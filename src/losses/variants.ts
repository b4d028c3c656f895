import { UserError } from '../errors.js';
import { pml } from '../miners/pml.js';
import { type Miner, type MinerName, miners } from '../miners/registry.js';
import { semiHard } from '../miners/semi-hard.js';
import { tfa } from '../miners/tfa.js';
import { tfsim } from '../miners/tfsim.js';
import { vggface } from '../miners/vggface.js';
import type { DistanceName } from './distances.js';
import type { TripletReduction } from './triplet.js';

/** Losses that go by the name "semi-hard" elsewhere. Each is a rule, a distance and a reduction at once. */
export type VariantName = 'tfa' | 'tfsim' | 'pml' | 'facenet' | 'vggface';

/** All that a triplet loss is made of, beside its margin. */
export interface TripletComputation {
  readonly miner: Miner;
  readonly distance: DistanceName;
  readonly reduction: TripletReduction;
}

/**
 * The variants by name, as their authors' code computes them with its defaults (docs/semi-hard.md compares them).
 *
 * - `tfa`: TensorFlow Addons, `TripletSemiHardLoss`.
 * - `tfsim`: tensorflow-similarity, `TripletLoss`.
 * - `pml`: pytorch-metric-learning, `TripletMarginMiner(type_of_triplets='semihard')` with `TripletMarginLoss`.
 * - `facenet`: Schroff, Kalenichenko, Philbin 2015, §3.2.
 * - `vggface`: davidsandberg/facenet, `train_tripletloss.py`.
 */
export const variants: ReadonlyMap<VariantName, TripletComputation> = new Map<VariantName, TripletComputation>([
  ['tfa', { miner: tfa, distance: 'euclidean', reduction: 'kept' }],
  ['tfsim', { miner: tfsim, distance: 'cosine', reduction: 'kept' }],
  ['pml', { miner: pml, distance: 'euclidean', reduction: 'non-zero' }],
  ['facenet', { miner: semiHard, distance: 'squared-euclidean', reduction: 'kept' }],
  ['vggface', { miner: vggface, distance: 'squared-euclidean', reduction: 'kept' }],
]);

/**
 * What a name computes. A miner takes the distance and the reduction that it is given (null: euclidean, kept); a variant brings
 * its own.
 *
 * @throws UserError where another distance or reduction is asked of a variant
 */
export function tripletComputation(
  name: MinerName | VariantName,
  distance: DistanceName | null,
  reduction: TripletReduction | null,
): TripletComputation {
  const variant = variants.get(name as VariantName);
  if (variant === undefined) {
    return {
      miner: miners.get(name as MinerName) as Miner,
      distance: distance ?? 'euclidean',
      reduction: reduction ?? 'kept',
    };
  }
  const contradiction = (key: string, own: string, given: string | null) => {
    if (given === null || given === own) return;
    throw new UserError({
      what: `'${name}' is computed with the ${key} '${own}': with another one it would be another loss`,
      where: `triplet.${key}`,
      expected: `${own}, or nothing`,
      found: given,
      mend: `leave triplet.${key} away, or take a miner that any ${key} goes with: ${[...miners.keys()].join(', ')}`,
    });
  };
  contradiction('distance', variant.distance, distance);
  contradiction('reduction', variant.reduction, reduction);
  return variant;
}
