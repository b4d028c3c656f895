import { farthestWhere, nearestWhere } from './extremes.js';
import { oneAnAnchor } from './one-an-anchor.js';

/**
 * One triplet an anchor, the easiest that there is: its nearest positive and its farthest negative; of equal distances the first
 * index. It costs something only while even these two are not a margin apart, which is after a collapse: then it pulls the
 * embedding open where that is easiest, and is silent as soon as there is room. It is a way out, not a way to train on.
 * tensorflow-similarity has it as 'easy' positives with 'easy' negatives, pytorch-metric-learning as `BatchEasyHardMiner` with
 * 'easy' for both.
 */
export const batchEasy = oneAnAnchor({ positive: nearestWhere, negative: farthestWhere });
