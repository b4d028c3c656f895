import type { Tensor1D, Tensor2D, Tensor3D } from '../runtime/tensorflow.js';
import type { Positives } from './positives.js';

export type MinerName = 'semi-hard' | 'naive' | 'batch-hard' | 'batch-easy' | 'all';

/**
 * Chooses triplets of a batch. It selects; it does not compute distances and knows no loss.
 * `distances` [N, N] (whichever the loss uses), `labels` int32 [N], `margin` in the unit of the distances →
 * float32 [N, Q, N], 1 at [a, p, n] where the triplet (anchor, positive, negative) is kept, else 0; a share between the two where
 * several triplets count as one. p counts the places of `positives`: every row (Q = N) where it is not given. No gradient flows through it.
 */
export type Miner = (distances: Tensor2D, labels: Tensor1D, margin: number, positives?: Positives) => Tensor3D;
