import { farthestWhere, nearestWhere } from './extremes.js';
import { oneAnAnchor } from './one-an-anchor.js';

/**
 * One triplet an anchor: its farthest positive and its nearest negative, whatever the margin (Hermans, Beyer, Leibe 2017, §2,
 * "batch hard"). Of equal distances the first index is taken. An anchor without a positive or without a negative gives none.
 */
export const batchHard = oneAnAnchor({ positive: farthestWhere, negative: nearestWhere });
